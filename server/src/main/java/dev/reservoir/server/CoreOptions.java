// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import dev.reservoir.server.memory.MemoryLimit;
import dev.reservoir.server.schedule.BatchPolicy;

/**
 * What a {@link Core} is started with.
 *
 * @param lanes threads that run batches, at least 1
 * @param featureCacheBytes bound of the feature cache, 0 for none
 * @param maxHeads heads that may exist at the same time, at least 1
 * @param nativeMemoryBytes most memory outside the Java heap that heads may take, at least 0
 */
public record CoreOptions(
        int lanes, BatchPolicy batches, long featureCacheBytes, int maxHeads, long nativeMemoryBytes) {
    private static final int MOST_USUAL_LANES = 8;

    public CoreOptions {
        check(lanes >= 1, "lanes", lanes, ">= 1");
        check(featureCacheBytes >= 0, "featureCacheBytes", featureCacheBytes, ">= 0");
        check(maxHeads >= 1, "maxHeads", maxHeads, ">= 1");
        check(nativeMemoryBytes >= 0, "nativeMemoryBytes", nativeMemoryBytes, ">= 0");
    }

    /** The default options. */
    public static CoreOptions usual() {
        int lanes = Math.min(MOST_USUAL_LANES, Runtime.getRuntime().availableProcessors());
        return new CoreOptions(
                lanes, BatchPolicy.usual(lanes).build(), 256L << 20, 20_000, MemoryLimit.usualNativeBytes());
    }

    public CoreOptions withFeatureCacheBytes(long bytes) {
        return new CoreOptions(lanes, batches, bytes, maxHeads, nativeMemoryBytes);
    }

    private static void check(boolean holds, String name, long value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
        }
    }
}
