// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.metrics;

import com.google.errorprone.annotations.ThreadSafe;
import java.util.concurrent.atomic.LongAdder;

/**
 * How values are distributed, in buckets whose bounds are powers of two: bucket {@code b} counts values {@code v} with
 * {@code 2^(b-1) < v <= 2^b}, bucket 0 those of at most 1. Values below 0 count as 0.
 */
@ThreadSafe
public final class Histogram {
    private static final int BUCKETS = 64;

    @SuppressWarnings("ThreadSafe")
    private final LongAdder[] counts = new LongAdder[BUCKETS];

    @SuppressWarnings("ThreadSafe")
    private final LongAdder sum = new LongAdder();

    Histogram() {
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            counts[bucket] = new LongAdder();
        }
    }

    public void record(long value) {
        long counted = Math.max(0, value);
        counts[bucket(counted)].increment();
        sum.add(counted);
    }

    private static int bucket(long value) {
        return value <= 1 ? 0 : Long.SIZE - Long.numberOfLeadingZeros(value - 1);
    }

    /** The number of recorded values. */
    public long count() {
        long count = 0;
        for (LongAdder bucket : counts) {
            count += bucket.sum();
        }
        return count;
    }

    public long sum() {
        return sum.sum();
    }

    /** The number of recorded values of at most {@code 2^exponent}. */
    public long countUpTo(int exponent) {
        long count = 0;
        for (int bucket = 0; bucket <= Math.min(exponent, BUCKETS - 1); bucket++) {
            count += counts[bucket].sum();
        }
        return count;
    }

    /** The smallest power of two that at least this fraction of the values do not exceed; 0 if there are none. */
    public long quantileBound(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("share: " + share + " (expected: 0 to 1)");
        }
        long[] snapshot = new long[BUCKETS];
        long count = 0;
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            snapshot[bucket] = counts[bucket].sum();
            count += snapshot[bucket];
        }
        if (count == 0) {
            return 0;
        }
        long below = 0;
        int bucket = -1;
        do {
            bucket++;
            below += snapshot[bucket];
        } while (below < share * count || below == 0);
        return bucket == BUCKETS - 1 ? Long.MAX_VALUE : 1L << bucket;
    }
}
