// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.math;

/**
 * Losses, their gradients and link functions. Exponentials and logarithms are StrictMath's: the same bits interpreted
 * and compiled.
 */
public final class Losses {
    private Losses() {}

    /**
     * Loss of one row.
     *
     * @param scores before the link, {@code [count]}
     * @param gradient receives the derivative by each score
     */
    public static double gradient(Loss loss, float[] scores, float[] truth, float[] gradient, int count) {
        double value = 0;
        switch (loss) {
            case SOFTMAX -> {
                System.arraycopy(scores, 0, gradient, 0, count);
                double logarithm = softmax(gradient, count);
                for (int c = 0; c < count; c++) {
                    value += truth[c] * (logarithm - scores[c]);
                    gradient[c] -= truth[c];
                }
            }
            case LOGISTIC -> {
                for (int c = 0; c < count; c++) {
                    value += logistic(scores[c], truth[c]);
                    gradient[c] = logistic(scores[c]) - truth[c];
                }
            }
            case MEAN_LOGISTIC -> {
                for (int c = 0; c < count; c++) {
                    value += logistic(scores[c], truth[c]) / count;
                    gradient[c] = (logistic(scores[c]) - truth[c]) / count;
                }
            }
            case SQUARED -> {
                for (int c = 0; c < count; c++) {
                    double residual = (double) scores[c] - truth[c];
                    value += 0.5 * residual * residual;
                    gradient[c] = (float) residual;
                }
            }
        }
        return value;
    }

    /** Turns scores into probabilities in place. Returns the logarithm of the sum of exponentials. */
    public static double softmax(float[] scores, int count) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int c = 0; c < count; c++) {
            largest = Math.max(largest, scores[c]);
        }
        double sum = 0;
        for (int c = 0; c < count; c++) {
            sum += StrictMath.exp(scores[c] - largest);
        }
        for (int c = 0; c < count; c++) {
            scores[c] = (float) (StrictMath.exp(scores[c] - largest) / sum);
        }
        return largest + StrictMath.log(sum);
    }

    /** Cross entropy of one label in nats. */
    private static double logistic(double score, float truth) {
        return Math.max(score, 0) - score * truth + StrictMath.log1p(StrictMath.exp(-Math.abs(score)));
    }

    public static float logistic(float score) {
        return (float) (1 / (1 + StrictMath.exp(-(double) score)));
    }
}
