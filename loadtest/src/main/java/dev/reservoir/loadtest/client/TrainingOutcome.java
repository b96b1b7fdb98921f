// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import dev.reservoir.v1.Metrics;

/**
 * The outcome of a training stream that ended without failure.
 *
 * @param appliedThrough every example up to this number has been handled
 * @param durableThrough every example up to this number survives a crash; 0 if the server keeps heads in memory
 * @param headVersion the version that includes them
 * @param metrics prequential metrics at that version
 * @param refused examples refused on this stream
 */
public record TrainingOutcome(
        long appliedThrough, long durableThrough, long headVersion, Metrics metrics, long refused) {}
