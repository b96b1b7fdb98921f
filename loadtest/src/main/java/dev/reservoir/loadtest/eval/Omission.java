package dev.reservoir.loadtest.eval;

/**
 * What was not run.
 *
 * @param contender empty where the whole task was not
 */
record Omission(String task, String contender, String reason) {}
