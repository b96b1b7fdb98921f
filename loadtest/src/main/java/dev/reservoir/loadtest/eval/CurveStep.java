package dev.reservoir.loadtest.eval;

/**
 * Where a head stood while it learned.
 *
 * @param examples learned
 * @param updates made
 * @param seconds since its stream was opened
 * @param accuracy over the last examples, each predicted before it was learned from
 */
record CurveStep(long examples, long updates, double seconds, double accuracy) {}
