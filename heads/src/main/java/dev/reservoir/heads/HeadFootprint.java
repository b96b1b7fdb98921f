// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/**
 * Upper bounds on the bytes of a head. They follow from the specification and the number of outputs alone, so they are
 * known before anything is allocated.
 *
 * @param heapBytes the head's own: weights and what the learning rule stores for each of them, the served snapshot,
 *     metrics and labels
 * @param nativeBytes the inverse covariance of least squares, which heads of equal histories share; if it is narrow it
 *     is part of the heap instead
 */
public record HeadFootprint(long heapBytes, long nativeBytes) {
    /** What every head takes: names, versions, the digests of its writer's last examples, 32 KiB. */
    private static final long HEAD_BYTES = 40 << 10;
    /** Numbers of a weight: the learner's, the served one, Adam's two moments, the gradient of a minibatch. */
    private static final int GRADIENT_NUMBERS = 5;
    /** Bytes of a label beyond its text: its string, its entries in a list and a map, the headers of its arrays. */
    private static final long OUTPUT_BYTES = 256;
    /** Bytes of a feature's statistics: mean and deviation, and two versions of the scaling made from them. */
    private static final long STATISTICS_BYTES = 32;
    /** Bytes of an example in the window of the metrics. */
    private static final long METRIC_BYTES = 32;

    /** Matrices of up to that many features and the intercept are on the heap. */
    private static final int NARROW_MATRIX = 129;

    private static final int WHOLE_MATRIX = 256;

    /**
     * The bounds of a head that has as many outputs as it may come to have.
     *
     * @param featureWidth width {@code F} of the features that the readout reads
     */
    public static HeadFootprint of(Task task, LearningSpec learning, int featureWidth) {
        long own = heapBytes(task, learning, featureWidth, task.maxOutputs());
        if (!(learning instanceof LearningSpec.RecursiveLeastSquares)) {
            return new HeadFootprint(own, 0);
        }
        long matrix = inverseCovarianceBytes(featureWidth + 1);
        return featureWidth < NARROW_MATRIX ? new HeadFootprint(own + matrix, 0) : new HeadFootprint(own, matrix);
    }

    /** The heap of a head that has {@code outputs} outputs. */
    public static long heapBytes(Task task, LearningSpec learning, int featureWidth, int outputs) {
        // Least squares has doubles for learning and floats for serving.
        long weight = learning instanceof LearningSpec.RecursiveLeastSquares
                ? Double.BYTES + Float.BYTES
                : (long) GRADIENT_NUMBERS * Float.BYTES;
        long label = task instanceof Task.Labelled ? Task.LABEL_BYTES : 0;
        return HEAD_BYTES
                + METRIC_BYTES * learning.metricWindow()
                + STATISTICS_BYTES * featureWidth
                + outputs * (weight * (featureWidth + 1L) + OUTPUT_BYTES + label);
    }

    /**
     * A small matrix is stored whole, in doubles; of a wide one only the blocks on and below the diagonal are stored,
     * with at least eight blocks along the diagonal.
     *
     * @param size features and the intercept
     */
    private static long inverseCovarianceBytes(long size) {
        long blocks = size <= WHOLE_MATRIX ? 1 : Math.max(8, (size + WHOLE_MATRIX - 1) / WHOLE_MATRIX);
        long side = (size + blocks - 1) / blocks;
        return Double.BYTES * side * side * blocks * (blocks + 1) / 2;
    }
}
