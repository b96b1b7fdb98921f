package dev.reservoir.loadtest.client;

/**
 * What an {@link OpenLoop} did so far. Latencies are those of answered requests, from the intended moment of sending.
 *
 * @param targetRate requests a second that were meant to be sent
 * @param achievedRate requests a second that were answered without error, until the last answer
 * @param sent requests sent; those neither answered nor failed are under way
 * @param firstError message of the first failure; empty where there was none
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
