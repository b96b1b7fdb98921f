// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.PartVisitor;
import java.util.Random;

/**
 * A dense map {@code W [in, out]} with orthonormal rows ({@code W W^T = I}) if {@code in <= out}, else with orthonormal
 * columns ({@code W^T W = I}): Gaussian vectors made orthonormal by the modified Gram-Schmidt process, each twice
 * (Giraud, Langou, Rozloznik 2005, doi:10.1016/j.camwa.2005.08.009). Only {@link Random}'s specified sequence and
 * IEEE-exact operations in a fixed order are used, so the map is the same on every machine.
 */
public final class OrthogonalProjection implements Projection {
    /** Widest input; wider maps would take seconds to make and megabytes to store. */
    public static final int WIDEST = 1_024;

    private final int in;
    private final int out;
    /** {@code [in, out]} */
    private final float[] weights;

    OrthogonalProjection(int in, int out) {
        this.in = in;
        this.out = out;
        this.weights = seeded(in, out, 31L * in + out);
    }

    /** Weights {@code [in, out]} of such a map, a function of the sizes and the seed. */
    public static float[] seeded(int in, int out, long seed) {
        boolean rowsOrthonormal = in <= out;
        double[][] vectors = orthonormal(Math.min(in, out), Math.max(in, out), seed);
        float[] weights = new float[in * out];
        for (int i = 0; i < in; i++) {
            for (int j = 0; j < out; j++) {
                weights[i * out + j] = (float) (rowsOrthonormal ? vectors[i][j] : vectors[j][i]);
            }
        }
        return weights;
    }

    @Override
    public int in() {
        return in;
    }

    @Override
    public int out() {
        return out;
    }

    @Override
    public void add(int coordinate, float value, float[] target, int offset) {
        int row = coordinate * out;
        for (int j = 0; j < out; j++) {
            target[offset + j] += value * weights[row + j];
        }
    }

    @Override
    public double meanGain() {
        return Math.sqrt(Math.min(1, (double) out / in));
    }

    @Override
    public void visitParts(String name, float gain, PartVisitor parts) {
        parts.tensor(new NamedTensor(
                name + ".weight",
                NamedTensor.Type.F32,
                new int[] {in, out},
                i -> Float.floatToRawIntBits(gain * weights[i])));
    }

    private static double[][] orthonormal(int count, int length, long seed) {
        Random random = new Random(seed);
        double[][] vectors = new double[count][length];
        for (int i = 0; i < count; i++) {
            double[] vector = vectors[i];
            for (int k = 0; k < length; k++) {
                vector[k] = random.nextGaussian();
            }
            for (int pass = 0; pass < 2; pass++) {
                for (int j = 0; j < i; j++) {
                    addScaled(vector, vectors[j], -dot(vector, vectors[j]));
                }
                double scale = 1 / Math.sqrt(dot(vector, vector));
                for (int k = 0; k < length; k++) {
                    vector[k] *= scale;
                }
            }
        }
        return vectors;
    }

    private static void addScaled(double[] target, double[] source, double factor) {
        for (int k = 0; k < target.length; k++) {
            target[k] += factor * source[k];
        }
    }

    /** Four sums side by side: their order is part of the definition. */
    private static double dot(double[] left, double[] right) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int whole = left.length & ~3;
        for (int k = 0; k < whole; k += 4) {
            a += left[k] * right[k];
            b += left[k + 1] * right[k + 1];
            c += left[k + 2] * right[k + 2];
            d += left[k + 3] * right[k + 3];
        }
        for (int k = whole; k < left.length; k++) {
            a += left[k] * right[k];
        }
        return (a + b) + (c + d);
    }
}
