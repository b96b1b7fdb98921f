// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.math;

/** A number that a head would have to go on with is not finite. Thrown before anything is changed by it. */
public final class NotFinite extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public NotFinite(String message) {
        super(message, null, false, false);
    }
}
