/** Tasks with real data: what a head reads and answers, examples to learn from and examples to be scored on. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.workload;
