// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.math;

/** Loops over floats in a fixed order of additions, so that equal inputs yield equal bits. */
public final class Vectors {
    private Vectors() {}

    /** {@code target[at ..] += factor * source[from ..]} over {@code count} elements. */
    public static void add(float factor, float[] source, int from, float[] target, int at, int count) {
        for (int i = 0; i < count; i++) {
            target[at + i] += factor * source[from + i];
        }
    }

    /** Dot product of {@code count} elements, as four interleaved sums. */
    public static float dot(float[] a, int from, float[] b, int at, int count) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = 0;
        for (; i + 3 < count; i += 4) {
            s0 += a[from + i] * b[at + i];
            s1 += a[from + i + 1] * b[at + i + 1];
            s2 += a[from + i + 2] * b[at + i + 2];
            s3 += a[from + i + 3] * b[at + i + 3];
        }
        for (; i < count; i++) {
            s0 += a[from + i] * b[at + i];
        }
        return (s0 + s1) + (s2 + s3);
    }

    /** Dot product of {@code count} floats, as four sums of doubles side by side. */
    public static double dotInDouble(float[] a, int from, float[] b, int at, int count) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < count; i += 4) {
            s0 += (double) a[from + i] * b[at + i];
            s1 += (double) a[from + i + 1] * b[at + i + 1];
            s2 += (double) a[from + i + 2] * b[at + i + 2];
            s3 += (double) a[from + i + 3] * b[at + i + 3];
        }
        for (; i < count; i++) {
            s0 += (double) a[from + i] * b[at + i];
        }
        return (s0 + s1) + (s2 + s3);
    }

    /**
     * Scores of the first {@code outputs} rows of weights: {@code scores[at + c] = rows[c] . x + rows[c][F]}, each sum
     * exactly as {@link #dot} adds it. Two rows at a time read {@code x} once.
     *
     * @param rows {@code [C][>= F + 1]}, the bias behind the {@code F} weights
     * @param x contains the features at {@code [from, from + F)}
     * @param features {@code F}
     */
    public static void affine(float[][] rows, int outputs, int features, float[] x, int from, float[] scores, int at) {
        int c = 0;
        for (; c + 1 < outputs; c += 2) {
            affinePair(rows[c], rows[c + 1], features, x, from, scores, at + c);
        }
        if (c < outputs) {
            scores[at + c] = dot(rows[c], 0, x, from, features) + rows[c][features];
        }
    }

    private static void affinePair(float[] a, float[] b, int features, float[] x, int from, float[] scores, int at) {
        float a0 = 0;
        float a1 = 0;
        float a2 = 0;
        float a3 = 0;
        float b0 = 0;
        float b1 = 0;
        float b2 = 0;
        float b3 = 0;
        int i = 0;
        for (; i + 3 < features; i += 4) {
            float x0 = x[from + i];
            float x1 = x[from + i + 1];
            float x2 = x[from + i + 2];
            float x3 = x[from + i + 3];
            a0 += a[i] * x0;
            a1 += a[i + 1] * x1;
            a2 += a[i + 2] * x2;
            a3 += a[i + 3] * x3;
            b0 += b[i] * x0;
            b1 += b[i + 1] * x1;
            b2 += b[i + 2] * x2;
            b3 += b[i + 3] * x3;
        }
        for (; i < features; i++) {
            a0 += a[i] * x[from + i];
            b0 += b[i] * x[from + i];
        }
        scores[at] = (a0 + a1) + (a2 + a3) + a[features];
        scores[at + 1] = (b0 + b1) + (b2 + b3) + b[features];
    }

    /** Sum of the squares. */
    public static double squares(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return sum;
    }
}
