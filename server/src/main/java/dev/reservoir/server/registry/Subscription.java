// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.registry;

/** A callback's registration; ending it twice is harmless. */
public interface Subscription {
    void end();
}
