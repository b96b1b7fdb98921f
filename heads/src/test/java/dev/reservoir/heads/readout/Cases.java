// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.KeyedEncoder;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Specifications, data and oracles of the tests of this package. */
final class Cases {
    private Cases() {}

    static HeadSpec spec(String name, Task task, LearningSpec learning) {
        boolean perToken = task instanceof Task.PerToken;
        EncoderSpec.Pooling pooling = perToken ? EncoderSpec.Pooling.PER_TOKEN : EncoderSpec.Pooling.MEAN;
        ModalitySpec modality = task instanceof Task.Forecast forecast
                ? new ModalitySpec.Series(forecast.channels(), 8, 1, true)
                : new ModalitySpec.Tensor(4, 8);
        return new HeadSpec(
                new HeadName("acme", name), modality, task, new EncoderSpec(pooling, 16, false), learning, 0);
    }

    static LearningSpec squares(double ridge, double forgetting) {
        return new LearningSpec.RecursiveLeastSquares(ridge, forgetting, 256);
    }

    static Features features(float... values) {
        return new Features(values, 1, 0, null);
    }

    static Item values(float[] x, float... truth) {
        return new Item(features(x), new Target.Values(truth));
    }

    static Item label(float[] x, String label) {
        return new Item(features(x), new Target.Label(label));
    }

    /** Rows with a common mean, a decaying spectrum and some noise, as pooled hidden states have. */
    static float[][] correlated(int count, int features, long seed) {
        Random random = new Random(seed);
        int directions = Math.min(64, features);
        float[][] mix = new float[directions + 1][features];
        for (float[] row : mix) {
            for (int i = 0; i < features; i++) {
                row[i] = (float) random.nextGaussian();
            }
        }
        float[][] rows = new float[count][features];
        for (float[] row : rows) {
            for (int j = 0; j < directions; j++) {
                float size = (float) (0.3 * Math.pow(0.93, j) * random.nextGaussian());
                for (int i = 0; i < features; i++) {
                    row[i] += size * mix[j][i];
                }
            }
            for (int i = 0; i < features; i++) {
                row[i] = 0.3f * (row[i] + mix[directions][i] + 0.2f * (float) random.nextGaussian());
            }
        }
        return rows;
    }

    /**
     * Weights {@code [outputs][F + 1]} on the features as they are that minimise the weighted ridge loss with an
     * intercept that is not penalised: centred normal equations, by Cholesky's method in double.
     */
    static double[][] closedForm(float[][] x, double[][] truth, double ridge, double forgetting) {
        int width = x[0].length;
        double[] meanX = new double[width];
        double[] meanT = new double[truth[0].length];
        double all = 0;
        double weight = 1;
        for (int n = x.length - 1; n >= 0; n--) {
            all += weight;
            for (int i = 0; i < width; i++) {
                meanX[i] += weight / all * (x[n][i] - meanX[i]);
            }
            for (int c = 0; c < meanT.length; c++) {
                meanT[c] += weight / all * (truth[n][c] - meanT[c]);
            }
            weight *= forgetting;
        }
        double[][] a = new double[width][width];
        double[][] b = new double[truth[0].length][width + 1];
        weight = 1;
        double[] row = new double[width];
        for (int n = x.length - 1; n >= 0; n--) {
            for (int i = 0; i < width; i++) {
                row[i] = x[n][i] - meanX[i];
            }
            for (int i = 0; i < width; i++) {
                double scaled = weight * row[i];
                for (int j = 0; j <= i; j++) {
                    a[i][j] += scaled * row[j];
                }
                for (int c = 0; c < b.length; c++) {
                    b[c][i] += scaled * (truth[n][c] - meanT[c]);
                }
            }
            weight *= forgetting;
        }
        for (int i = 0; i < width; i++) {
            a[i][i] += ridge * weight;
        }
        solve(a, b);
        for (int c = 0; c < b.length; c++) {
            b[c][width] = meanT[c];
            for (int i = 0; i < width; i++) {
                b[c][width] -= b[c][i] * meanX[i];
            }
        }
        return b;
    }

    /**
     * Overwrites each row of {@code b} with the solution of {@code a w = b}, scaled so that the diagonal of {@code a}
     * is 1.
     */
    private static void solve(double[][] a, double[][] b) {
        int width = a.length;
        double[] scale = new double[width];
        for (int i = 0; i < width; i++) {
            scale[i] = 1 / Math.sqrt(a[i][i]);
        }
        for (int i = 0; i < width; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = a[i][j] * scale[i] * scale[j];
                for (int k = 0; k < j; k++) {
                    sum -= a[i][k] * a[j][k];
                }
                a[i][j] = i == j ? Math.sqrt(sum) : sum / a[j][j];
            }
        }
        for (double[] w : b) {
            for (int i = 0; i < width; i++) {
                w[i] *= scale[i];
                for (int k = 0; k < i; k++) {
                    w[i] -= a[i][k] * w[k];
                }
                w[i] /= a[i][i];
            }
            for (int i = width - 1; i >= 0; i--) {
                for (int k = i + 1; k < width; k++) {
                    w[i] -= a[k][i] * w[k];
                }
                w[i] /= a[i][i];
            }
            for (int i = 0; i < width; i++) {
                w[i] *= scale[i];
            }
        }
    }

    static double dot(double[] weights, float[] x) {
        double sum = weights[x.length];
        for (int i = 0; i < x.length; i++) {
            sum += weights[i] * x[i];
        }
        return sum;
    }

    /** Norm of the difference over the norm of the truth, of predictions on {@code probe}. */
    static double predictionError(HeadSnapshot snapshot, double[][] weights, float[][] probe) {
        double difference = 0;
        double norm = 0;
        for (float[] x : probe) {
            float[] answer = ((Prediction.Values) snapshot.predict(features(x), 0)).values();
            for (int c = 0; c < weights.length; c++) {
                double truth = dot(weights[c], x);
                difference += (answer[c] - truth) * (answer[c] - truth);
                norm += truth * truth;
            }
        }
        return Math.sqrt(difference / norm);
    }

    /** One row per output, then shift and factor of the features if they are standardised. */
    static float[][] weights(FeatureLearner learner) {
        Weights weights = ((ReadoutSnapshot) learner.snapshot()).weights();
        List<float[]> rows = new ArrayList<>();
        for (int c = 0; c < weights.outputs(); c++) {
            rows.add(weights.rows()[c].clone());
        }
        if (weights.scaling() != null) {
            rows.add(weights.scaling().shift().clone());
            rows.add(weights.scaling().factor().clone());
        }
        return rows.toArray(float[][]::new);
    }

    /** Learns in calls of random size. */
    static void learnInCuts(FeatureLearner learner, List<Item> items, Random random, int most) {
        int at = 0;
        while (at < items.size()) {
            int end = Math.min(items.size(), at + 1 + random.nextInt(most));
            learner.learn(items.subList(at, end));
            if (random.nextInt(3) == 0) {
                learner.snapshot();
            }
            at = end;
        }
    }

    /** Labelled rows: the label is the largest of the first {@code labels} features. */
    static List<Item> labelled(int count, int features, int labels, long seed) {
        List<Item> items = new ArrayList<>();
        for (float[] x : correlated(count, features, seed)) {
            int best = 0;
            for (int c = 1; c < labels; c++) {
                if (x[c] > x[best]) {
                    best = c;
                }
            }
            items.add(label(x, "l" + best));
        }
        return items;
    }

    static FeatureLearner restore(Learners learners, HeadSpec spec, ObservationEncoder encoder, LearnerState state) {
        return learners.restore(spec, EncoderLease.unshared(encoder), state, unused -> {});
    }

    /** An encoder whose identity is unique to the name. */
    static KeyedEncoder encoder(String name, int width) {
        return new KeyedEncoder(
                new EncoderKey(name, new ModalitySpec.Tensor(1, 1), EncoderSpec.Pooling.MEAN, 1, 0), width);
    }
}
