// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/**
 * How well a head predicted what it was about to learn.
 *
 * @param examples learned
 * @param updates steps of the learning rule
 * @param refused examples refused
 */
public record HeadMetrics(long examples, long updates, long refused, Score windowed, Score total) {

    /**
     * @param count examples, or labelled tokens for a task per token
     * @param accuracy share right (labels), else 0
     * @param meanAbsoluteError over all predicted values; 0 for tasks of labels
     * @param rootMeanSquaredError over all predicted values; 0 for tasks of labels
     * @param loss mean loss
     */
    public record Score(
            long count, double accuracy, double meanAbsoluteError, double rootMeanSquaredError, double loss) {}
}
