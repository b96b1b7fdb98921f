/**
 * FPT heads: trained through the frozen substrate, many of them in one pass.
 *
 * <p>Letters: {@code T} tokens of a sequence, {@code D} substrate width, {@code W} numbers in a row of an observation, {@code F} width of
 * the features a readout reads, {@code C} outputs.
 */
@NullMarked
package dev.reservoir.heads.train;

import org.jspecify.annotations.NullMarked;
