// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import dev.reservoir.server.substrate.torch.FrozenTensor;
import java.nio.FloatBuffer;
import java.util.Arrays;

/** The encoder in plain loops and double precision, one sequence at a time: the oracle. */
final class NaiveBert {
    private final BertShape shape;
    private final BertWeights weights;

    NaiveBert(BertWeights weights) {
        this.shape = weights.shape();
        this.weights = weights;
    }

    /** Word embeddings of ids, {@code [T, D]}. */
    double[] words(int[] ids) {
        int width = shape.width();
        FloatBuffer table = weights.word().floats();
        double[] rows = new double[ids.length * width];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = table.get(ids[i / width] * width + i % width);
        }
        return rows;
    }

    /** Gains of all norms, {@code [norms, D]}. */
    double[] gains() {
        return norms(6, weights.normGain());
    }

    double[] biases() {
        return norms(7, weights.normBias());
    }

    private double[] norms(int first, FrozenTensor input) {
        int width = shape.width();
        double[] all = new double[shape.norms() * width];
        for (int d = 0; d < width; d++) {
            all[d] = input.floats().get(d);
            for (int l = 0; l < shape.layers(); l++) {
                all[(1 + 2 * l) * width + d] =
                        weights.layers().get(l).vectors().get(first).floats().get(d);
                all[(2 + 2 * l) * width + d] = weights.layers()
                        .get(l)
                        .vectors()
                        .get(first + 2)
                        .floats()
                        .get(d);
            }
        }
        return all;
    }

    /** Hidden states {@code [T, D]} of rows {@code [T, D]} in place of word embeddings. */
    double[] forward(double[] rows, double[] gains, double[] biases) {
        int width = shape.width();
        double[] x = rows.clone();
        for (int i = 0; i < x.length; i++) {
            x[i] += weights.position().floats().get(i)
                    + weights.tokenType().floats().get(i % width);
        }
        x = norm(x, 0, gains, biases);
        for (int l = 0; l < shape.layers(); l++) {
            BertWeights.Layer layer = weights.layers().get(l);
            double[] query = linear(x, layer, 0, width, width);
            double[] key = linear(x, layer, 1, width, width);
            double[] value = linear(x, layer, 2, width, width);
            double[] mixed = linear(attend(query, key, value), layer, 3, width, width);
            x = norm(sum(x, mixed), 1 + 2 * l, gains, biases);
            double[] wide = linear(x, layer, 4, width, shape.feedForwardWidth());
            for (int i = 0; i < wide.length; i++) {
                wide[i] = 0.5 * wide[i] * (1 + erf(wide[i] / Math.sqrt(2)));
            }
            x = norm(sum(x, linear(wide, layer, 5, shape.feedForwardWidth(), width)), 2 + 2 * l, gains, biases);
        }
        return x;
    }

    private double[] attend(double[] query, double[] key, double[] value) {
        int width = shape.width();
        int depth = width / shape.attentionHeads();
        int tokens = query.length / width;
        double[] mixed = new double[query.length];
        double[] weight = new double[tokens];
        for (int head = 0; head < shape.attentionHeads(); head++) {
            for (int t = 0; t < tokens; t++) {
                double most = Double.NEGATIVE_INFINITY;
                for (int s = 0; s < tokens; s++) {
                    double dot = 0;
                    for (int d = head * depth; d < (head + 1) * depth; d++) {
                        dot += query[t * width + d] * key[s * width + d];
                    }
                    weight[s] = dot / Math.sqrt(depth);
                    most = Math.max(most, weight[s]);
                }
                double total = 0;
                for (int s = 0; s < tokens; s++) {
                    weight[s] = Math.exp(weight[s] - most);
                    total += weight[s];
                }
                for (int s = 0; s < tokens; s++) {
                    for (int d = head * depth; d < (head + 1) * depth; d++) {
                        mixed[t * width + d] += weight[s] / total * value[s * width + d];
                    }
                }
            }
        }
        return mixed;
    }

    private static double[] linear(double[] x, BertWeights.Layer layer, int part, int in, int out) {
        float[] matrix = floats(layer.matrices().get(part));
        float[] bias = floats(layer.vectors().get(part));
        int tokens = x.length / in;
        double[] y = new double[tokens * out];
        double[] row = new double[out];
        for (int t = 0; t < tokens; t++) {
            Arrays.fill(row, 0);
            for (int i = 0; i < in; i++) {
                add(row, x[t * in + i], matrix, i * out);
            }
            for (int o = 0; o < out; o++) {
                y[t * out + o] = row[o] + bias[o];
            }
        }
        return y;
    }

    private static void add(double[] row, double factor, float[] matrix, int start) {
        for (int o = 0; o < row.length; o++) {
            row[o] += factor * matrix[start + o];
        }
    }

    private static float[] floats(FrozenTensor tensor) {
        float[] numbers = new float[tensor.floats().remaining()];
        tensor.floats().get(numbers);
        return numbers;
    }

    private double[] norm(double[] x, int n, double[] gains, double[] biases) {
        int width = shape.width();
        double[] y = new double[x.length];
        for (int row = 0; row < x.length; row += width) {
            double mean = 0;
            for (int d = 0; d < width; d++) {
                mean += x[row + d] / width;
            }
            double variance = 0;
            for (int d = 0; d < width; d++) {
                variance += (x[row + d] - mean) * (x[row + d] - mean) / width;
            }
            double deviation = Math.sqrt(variance + shape.epsilon());
            for (int d = 0; d < width; d++) {
                y[row + d] = (x[row + d] - mean) / deviation * gains[n * width + d] + biases[n * width + d];
            }
        }
        return y;
    }

    private static double[] sum(double[] a, double[] b) {
        double[] sum = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            sum[i] = a[i] + b[i];
        }
        return sum;
    }

    /** By its series up to 3, by its continued fraction above (Abramowitz and Stegun 7.1.5, 7.1.14). */
    private static double erf(double x) {
        double size = Math.abs(x);
        if (size > 6) {
            return Math.signum(x);
        }
        if (size > 3) {
            double fraction = size;
            for (int k = 60; k >= 1; k--) {
                fraction = size + k / 2.0 / fraction;
            }
            return Math.signum(x) * (1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / fraction);
        }
        double term = size;
        double total = size;
        for (int k = 1; k < 80 && Math.abs(term) > 1e-18; k++) {
            term *= -size * size / k;
            total += term / (2 * k + 1);
        }
        return Math.signum(x) * 2 / Math.sqrt(Math.PI) * total;
    }
}
