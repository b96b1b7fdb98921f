// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

/**
 * What an {@link OpenLoop} has done so far.
 *
 * @param targetRate requests per second that were intended
 * @param achievedRate requests per second answered without error, up to the last answer
 * @param sent requests sent; those neither answered nor failed are in flight
 * @param latency of the answered requests, measured from the intended send time
 * @param firstError message of the first failure; empty if there was none
 */
public record LoadReport(
        double targetRate,
        double achievedRate,
        long sent,
        long answered,
        long errors,
        Latency latency,
        String firstError) {
    /** The median, the 99th percentile and the largest of them. */
    public record Latency(double p50Millis, double p99Millis, double maxMillis) {}
}
