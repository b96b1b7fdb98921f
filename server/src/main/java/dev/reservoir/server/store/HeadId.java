// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

/**
 * A head's number in the store.
 *
 * @param value from 1, never reused
 */
public record HeadId(long value) {
    public HeadId {
        if (value < 1) {
            throw new IllegalArgumentException("head id: " + value + " (expected: >= 1)");
        }
    }

    @Override
    public String toString() {
        return Long.toString(value);
    }
}
