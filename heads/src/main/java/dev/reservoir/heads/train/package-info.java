// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * FPT heads: trained through the frozen substrate, many of them in one pass.
 *
 * <p>Letters in shapes: {@code B} sequences of a pass, {@code T} tokens of a sequence, {@code D} substrate width,
 * {@code W} numbers in a row of an observation, {@code F} width of the features that a readout reads, {@code R} rows of
 * features of an example (1, or {@code T} for a task per token), {@code C} outputs. Weights are {@code (in, out)}; only
 * a readout has one row per output, {@code (C, F + 1)} with the bias last, so that a new label is a new row.
 *
 * <p>Data flows one way: a learner begins an update, the fused step passes its portions through the substrate and back,
 * the learner makes the step of it or aborts it.
 */
@NullMarked
package dev.reservoir.heads.train;

import org.jspecify.annotations.NullMarked;
