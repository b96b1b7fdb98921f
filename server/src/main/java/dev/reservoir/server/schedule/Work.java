// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

/** A unit of work as the scheduler sees it. */
public interface Work {
    /** The tenant it belongs to. */
    String tenant();

    /** Its expected cost, in tokens read by the substrate; at least one token is charged. */
    int tokens();

    /** Its arrival time, on the caller's clock. */
    long arrivalNanos();

    /**
     * Whether no caller waits for it any more, so that it is dropped without charge instead of being run. Must be
     * quick, and stay true once true.
     */
    default boolean abandoned(long nowNanos) {
        return false;
    }
}
