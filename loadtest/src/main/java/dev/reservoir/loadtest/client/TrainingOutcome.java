package dev.reservoir.loadtest.client;

import dev.reservoir.v1.Metrics;

/**
 * How a training stream ended well.
 *
 * @param appliedThrough every example up to this number is handled
 * @param durableThrough every example up to this number survives a crash; 0 where the server keeps heads in memory
 * @param headVersion the version that holds them
 * @param metrics prequential metrics at that version
 * @param refused examples refused on this stream
 */
public record TrainingOutcome(
        long appliedThrough, long durableThrough, long headVersion, Metrics metrics, long refused) {}
