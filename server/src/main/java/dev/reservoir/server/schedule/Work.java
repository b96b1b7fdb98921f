// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

/** A unit of work as the scheduler sees it. */
public interface Work {
    /** Whose it is. */
    String tenant();

    /** What it is expected to cost, in tokens read by the substrate; work that costs less than one is charged one. */
    int tokens();

    /** When it came, on the caller's clock. */
    long arrivalNanos();

    /**
     * Whether nobody waits for it any more, so that it is dropped without a charge instead of being run. Must be quick,
     * and once true stay true.
     */
    default boolean abandoned(long nowNanos) {
        return false;
    }
}
