// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

/**
 * The recent utilization of the lanes by serving: the duration of each batch, decayed exponentially with a time
 * constant of one second. 1 is one fully used lane. Not thread-safe.
 */
final class LaneUtilization {
    private static final double TIME_CONSTANT_NANOS = 1e9;

    private double nanos;
    private long atNanos;

    /** Records a batch that ended at {@code nowNanos}, with its duration. */
    void served(long durationNanos, long nowNanos) {
        nanos = nanos(nowNanos) + durationNanos;
        atNanos = nowNanos;
    }

    /** The utilization in lanes at the given time. */
    double lanes(long nowNanos) {
        return nanos(nowNanos) / TIME_CONSTANT_NANOS;
    }

    /** The time at which it falls below {@code lanes} if nothing more is served; {@link Long#MAX_VALUE} for never. */
    long belowAtNanos(double lanes, long nowNanos) {
        double now = lanes(nowNanos);
        if (now < lanes) {
            return nowNanos;
        }
        return lanes == 0 ? Long.MAX_VALUE : nowNanos + 1 + (long) (TIME_CONSTANT_NANOS * Math.log(now / lanes));
    }

    private double nanos(long nowNanos) {
        return nanos * Math.exp((atNanos - nowNanos) / TIME_CONSTANT_NANOS);
    }
}
