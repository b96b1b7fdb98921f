// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.memory;

import java.time.Duration;

/**
 * Decides when memory that the native allocator keeps is worth giving back to the operating system.
 *
 * <p>A training step of 2,048 tokens allocates several hundred megabytes and frees them again; the allocator keeps them
 * for the next step. While the server is idle a modest excess is given back at once. While it is busy the next step
 * would allocate the same memory again, so only a large excess is given back, and rarely. Not thread-safe.
 */
final class ReclaimPolicy {
    private final Settings settings;
    private long floorBytes;
    private long batchesSeen = -1;
    private long reclaimedNanos;

    /**
     * @param idleExcessBytes resident bytes above those after the last reclaim that are given back while idle
     * @param busyExcessBytes the same while batches run
     * @param busyInterval least time between two reclaims while batches run
     */
    record Settings(long idleExcessBytes, long busyExcessBytes, Duration busyInterval) {
        static final Settings USUAL = new Settings(64L << 20, 512L << 20, Duration.ofMinutes(1));
    }

    ReclaimPolicy(Settings settings, long nowNanos) {
        this.settings = settings;
        this.reclaimedNanos = nowNanos;
    }

    /**
     * Whether to reclaim now. Called at regular intervals.
     *
     * @param residentBytes resident memory of the process
     * @param batches batches that have run since the start; unchanged since the last call means idle
     */
    boolean due(long nowNanos, long residentBytes, long batches) {
        boolean idle = batches == batchesSeen;
        batchesSeen = batches;
        long excess = residentBytes - floorBytes;
        return idle
                ? excess > settings.idleExcessBytes
                : excess > settings.busyExcessBytes && nowNanos - reclaimedNanos >= settings.busyInterval.toNanos();
    }

    /** Records what was resident after a reclaim, whether it freed anything or not. */
    void reclaimed(long nowNanos, long residentBytes) {
        floorBytes = residentBytes;
        reclaimedNanos = nowNanos;
    }
}
