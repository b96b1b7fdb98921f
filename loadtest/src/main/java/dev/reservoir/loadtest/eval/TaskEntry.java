package dev.reservoir.loadtest.eval;

import java.util.function.Supplier;

/**
 * A task that may be run.
 *
 * @param tokens most that the substrate reads for one observation
 * @param ablation whether the parts of a head are held against each other on it
 * @param missing why its data is not at hand; empty where it is
 * @param load reads or makes its data; called where it is run
 */
record TaskEntry(String name, int tokens, boolean ablation, String missing, Supplier<EvalTask> load) {}
