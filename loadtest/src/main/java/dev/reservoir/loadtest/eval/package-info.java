// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The evaluation of heads that learn through the frozen substrate, on the tasks of Lu et al. 2021 (arXiv 2103.05247):
 * tasks, controls, ablation and a sweep of learning rates, all over the wire.
 *
 * <p>A cell is one head's whole training: a task, a contender, a learning rate and a seed.
 */
@NullMarked
package dev.reservoir.loadtest.eval;

import org.jspecify.annotations.NullMarked;
