// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/**
 * Upper bounds on the bytes of a head's readout once it has learned as many labels as it may have, the served snapshot
 * included. They follow from the specification alone, so they can be checked before anything is allocated.
 *
 * @param heapBytes the weights and the state that the learning rule keeps for each of them
 * @param nativeBytes the inverse covariance of least squares, which heads of equal histories share
 */
public record HeadFootprint(long heapBytes, long nativeBytes) {
    /** Arrays as large as the weights: the learner's and the served snapshot's. */
    private static final int WEIGHTS = 2;
    /** In addition: Adam's two moments and the gradient of a minibatch. */
    private static final int ADAM = 3;

    private static final int WHOLE_MATRIX = 256;

    /** @param featureWidth width {@code F} of the features that the readout reads */
    public static HeadFootprint of(Task task, LearningSpec learning, int featureWidth) {
        long weights = task.maxOutputs() * (featureWidth + 1L);
        if (learning instanceof LearningSpec.RecursiveLeastSquares) {
            // Doubles while learning, floats for serving.
            return new HeadFootprint((Double.BYTES + Float.BYTES) * weights, inverseCovarianceBytes(featureWidth));
        }
        return new HeadFootprint((WEIGHTS + ADAM) * Float.BYTES * weights, 0);
    }

    /**
     * A small matrix is stored whole, in doubles; of a wide one only the blocks on and below the diagonal are stored,
     * with at least eight blocks along the diagonal.
     */
    private static long inverseCovarianceBytes(int featureWidth) {
        if (featureWidth <= WHOLE_MATRIX) {
            return Double.BYTES * (long) featureWidth * featureWidth;
        }
        int blocks = Math.max(8, (featureWidth + WHOLE_MATRIX - 1) / WHOLE_MATRIX);
        long width = (long) featureWidth + blocks;
        return Double.BYTES * width * width / 2 * (blocks + 1) / blocks;
    }
}
