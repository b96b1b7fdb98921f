// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import java.util.Arrays;
import java.util.function.LongSupplier;

/** Repeats work for a while and reports the median of its times. */
final class Repetition {
    private static final int LEAST = 3;
    private static final int MOST = 100_000;

    private final LongSupplier clock;

    Repetition(LongSupplier clock) {
        this.clock = clock;
    }

    /**
     * Median nanoseconds of one run: at least three runs after one that is not counted, and as many as fit.
     *
     * @param work returns the nanoseconds that count of one run
     */
    long medianNanos(int millis, LongSupplier work) {
        long[] times = new long[MOST];
        times[0] = work.getAsLong(); // not counted: overwritten
        int count = 0;
        long end = clock.getAsLong() + millis * 1_000_000L;
        while (count < LEAST || (count < MOST && clock.getAsLong() < end)) {
            times[count++] = work.getAsLong();
        }
        Arrays.sort(times, 0, count);
        return (times[(count - 1) / 2] + times[count / 2]) / 2;
    }

    /** The same for work that counts whole. */
    long medianNanosOf(int millis, Runnable work) {
        return medianNanos(millis, () -> {
            long start = clock.getAsLong();
            work.run();
            return clock.getAsLong() - start;
        });
    }
}
