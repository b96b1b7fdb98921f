// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

/**
 * What an {@link OpenLoop} has done so far. Latencies are those of answered requests, measured from the intended send
 * time.
 *
 * @param targetRate requests per second that were intended
 * @param achievedRate requests per second answered without error, up to the last answer
 * @param sent requests sent; those neither answered nor failed are in flight
 * @param firstError message of the first failure; empty if there was none
 */
public record LoadReport(
        double targetRate,
        double achievedRate,
        long sent,
        long answered,
        long errors,
        double p50Millis,
        double p99Millis,
        double maxMillis,
        String firstError) {}
