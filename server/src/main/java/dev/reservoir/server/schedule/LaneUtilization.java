// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

/**
 * How much of the lanes' time serving took lately: the time of each batch, forgotten exponentially with a time constant
 * of one second. 1 is one lane all the time. Not thread-safe.
 */
final class LaneUtilization {
    private static final double CONSTANT_NANOS = 1e9;

    private double nanos;
    private long atNanos;

    /** A batch ended at {@code nowNanos} that took so long. */
    void served(long tookNanos, long nowNanos) {
        nanos = nanos(nowNanos) + tookNanos;
        atNanos = nowNanos;
    }

    /** Lanes' worth at that moment. */
    double lanes(long nowNanos) {
        return nanos(nowNanos) / CONSTANT_NANOS;
    }

    /** When it falls below {@code lanes} if nothing more is served; {@link Long#MAX_VALUE} for never. */
    long belowAtNanos(double lanes, long nowNanos) {
        double now = lanes(nowNanos);
        if (now < lanes) {
            return nowNanos;
        }
        return lanes == 0 ? Long.MAX_VALUE : nowNanos + 1 + (long) (CONSTANT_NANOS * Math.log(now / lanes));
    }

    private double nanos(long nowNanos) {
        return nanos * Math.exp((atNanos - nowNanos) / CONSTANT_NANOS);
    }
}
