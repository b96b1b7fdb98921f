// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

/**
 * Whether the store takes new records.
 *
 * @param reason why it does not, as one line; empty while it does
 */
public record StorageState(Kind kind, String reason) {
    static final StorageState OK = new StorageState(Kind.OK, "");

    /** The kinds of state. */
    public enum Kind {
        /** It does. */
        OK,
        /** The disk is full. It goes on by itself when there is room again. */
        FULL,
        /** Nothing becomes durable any more until the process is started again. */
        FAILED
    }
}
