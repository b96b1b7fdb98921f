// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.math;

/**
 * One step of Adam (Kingma and Ba 2015, arXiv 1412.6980) with decoupled weight decay (Loshchilov and Hutter 2019, arXiv
 * 1711.05101). For each parameter {@code w} with gradient {@code g}, at step {@code t} counted from 1:
 *
 * <pre>
 *   m = 0.9 m + 0.1 g        v = 0.999 v + 0.001 g^2
 *   w = (1 - rate decay) w - rate (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + 1e-8)
 * </pre>
 *
 * Powers are StrictMath's and sums are floats in a fixed order, so equal inputs yield equal bits.
 */
public final class Adam {
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.999f;
    private static final float EPSILON = 1e-8f;

    private final float scale;
    private final float root;
    private final float retained;

    /** First and second moments of some parameters, zeros before the first step. */
    public record Moments(float[] first, float[] second) {
        public Moments(int parameters) {
            this(new float[parameters], new float[parameters]);
        }
    }

    /**
     * @param rate learning rate of this step
     * @param decay share of a decaying parameter that a rate of 1 would remove
     * @param steps steps of these parameters including this one, at least 1
     */
    public Adam(double rate, double decay, long steps) {
        this.scale = (float) (rate / (1 - StrictMath.pow(BETA1, (double) steps)));
        this.root = (float) (1 / StrictMath.sqrt(1 - StrictMath.pow(BETA2, (double) steps)));
        this.retained = (float) (1 - rate * decay);
    }

    /**
     * Makes the step.
     *
     * @param old parameters before it, {@code [N]}
     * @param next receives the parameters after it; may be {@code old}
     * @param gradient {@code [N]}, scaled by {@code factor}
     * @param decaying how many of the parameters, from the first on, decay
     */
    public void step(float[] old, float[] next, Moments moments, float[] gradient, float factor, int decaying) {
        move(0, decaying, old, next, moments, gradient, factor, scale, root, retained);
        move(decaying, gradient.length, old, next, moments, gradient, factor, scale, root, 1);
    }

    private static void move(
            int from,
            int to,
            float[] old,
            float[] next,
            Moments moments,
            float[] gradient,
            float factor,
            float scale,
            float root,
            float retained) {
        float[] m = moments.first;
        float[] v = moments.second;
        for (int i = from; i < to; i++) {
            float g = gradient[i] * factor;
            float mean = BETA1 * m[i] + (1 - BETA1) * g;
            float square = BETA2 * v[i] + (1 - BETA2) * g * g;
            m[i] = mean;
            v[i] = square;
            next[i] = retained * old[i] - scale * mean / ((float) Math.sqrt(square) * root + EPSILON);
        }
    }
}
