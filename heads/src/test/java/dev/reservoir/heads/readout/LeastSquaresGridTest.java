// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.KeyedEncoder;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Least squares against a direct solution in double, over scales, offsets, ridges, forgetting and widths. */
class LeastSquaresGridTest {
    private static final int ROWS = 20_000;
    private static final double[] OFFSETS = {0, 1e3, 1e6};

    /** Columns in the client's own units. */
    private static KeyedEncoder table(int width) {
        return new KeyedEncoder(
                new EncoderKey("s", new ModalitySpec.Tensor(width, 1), Pooling.INPUT_ONLY, 0, width), width);
    }

    /**
     * Correlated columns of deviations {@code scale}, or of 1e-6 to 1e9 side by side if that is 0, far from 0 by
     * {@code offset} deviations.
     */
    private static float[][] rows(int width, double scale, double offset, long seed) {
        Random random = new Random(seed);
        float[][] rows = new float[ROWS][width];
        double[] last = new double[width];
        for (float[] row : rows) {
            double common = random.nextGaussian();
            for (int j = 0; j < width; j++) {
                double deviation = scale > 0 ? scale : Math.pow(10, -6 + 15.0 * j / Math.max(1, width - 1));
                last[j] = 0.6 * common + 0.8 * random.nextGaussian();
                row[j] = (float) (deviation * (last[j] + (j % 2 == 0 ? offset : -offset)));
            }
        }
        return rows;
    }

    /**
     * The rows in the coordinates of the documented frame: around the first row, small columns raised by their first
     * change.
     */
    private static float[][] framed(float[][] x, double ridge) {
        int width = x[0].length;
        float[][] z = new float[x.length][width];
        for (int j = 0; j < width; j++) {
            int first = 1;
            while (x[first][j] == x[0][j]) {
                first++;
            }
            double change = Math.abs((double) x[first][j] - x[0][j]);
            double factor = 1;
            while (change * factor < 1) {
                factor *= 2;
            }
            while (change * factor >= Math.sqrt(ridge / 1e-9)) {
                factor /= 2;
            }
            for (int n = 0; n < x.length; n++) {
                z[n][j] = (float) (((double) x[n][j] - x[0][j]) * factor);
            }
        }
        return z;
    }

    private static double error(int width, double scale, double offset, double ridge, double forgetting) {
        float[][] x = rows(width, scale, offset, 7);
        float[][] z = framed(x, ridge);
        Random random = new Random(8);
        double[] map = random.doubles(width, -1, 1).toArray();
        double[][] truth = new double[ROWS][1];
        List<Item> items = new ArrayList<>();
        for (int n = 0; n < ROWS; n++) {
            double t = 0.1 * random.nextGaussian();
            for (int j = 0; j < width; j++) {
                double deviation = scale > 0 ? scale : Math.pow(10, -6 + 15.0 * j / Math.max(1, width - 1));
                t += map[j] * (x[n][j] / deviation - (j % 2 == 0 ? offset : -offset));
            }
            truth[n][0] = (float) t;
            items.add(Cases.values(x[n], (float) t));
        }
        try (Learners learners = new Learners();
                FeatureLearner learner = learners.create(
                        Cases.spec("a", new Task.Regression(1), Cases.squares(ridge, forgetting)), table(width))) {
            learner.learn(items);
            assertThat(learner.failure()).isNull();
            int from = forgetting == 1 ? 0 : Math.max(0, ROWS - (int) (40 / (1 - forgetting)));
            double[][] oracle = Cases.closedForm(
                    Arrays.copyOfRange(z, from, ROWS), Arrays.copyOfRange(truth, from, ROWS), ridge, forgetting);
            double difference = 0;
            double norm = 0;
            for (int n = 0; n < 200; n++) {
                float actual = ((Prediction.Values) learner.snapshot().predict(Cases.features(x[n]), 0)).values()[0];
                double expected = Cases.dot(oracle[0], z[n]);
                difference += (actual - expected) * (actual - expected);
                norm += expected * expected;
            }
            return Math.sqrt(difference / norm);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1e-3", "1, 1", "1, 1e4", "0.999, 1e-3", "0.999, 1", "0.99, 1e-3", "0.99, 1", "0.95, 1e-3", "0.95, 1"
    })
    void predictionsEqualTheDirectSolution(double forgetting, double ridge) {
        for (double scale : new double[] {1e-6, 1e-3, 1, 1e4, 1e9, 0}) {
            for (double offset : OFFSETS) {
                assertThat(error(7, scale, offset, ridge, forgetting))
                        .as("scale %s, offset %s", scale, offset)
                        .isLessThan(1e-3);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1e-3", "1, 0.95, 1", "40, 1, 1e-3", "40, 1, 1e4", "40, 0.999, 1"})
    void predictionsEqualTheDirectSolutionAtOtherWidths(int width, double forgetting, double ridge) {
        for (double offset : OFFSETS) {
            assertThat(error(width, 0, offset, ridge, forgetting))
                    .as("offset %s", offset)
                    .isLessThan(1e-3);
        }
    }

    @Test
    void variedRowsAreLearnedAfterAThousandEqualOnes() {
        for (double forgetting : new double[] {0.99, 0.999}) {
            float[][] x = rows(4, 1, 0, 3);
            List<Item> items = new ArrayList<>();
            for (int n = 0; n < 5_000; n++) {
                items.add(Cases.values(x[0], truth(x[0])));
            }
            int varied = forgetting == 0.99 ? 400 : 3_200;
            for (int n = 1; n <= varied; n++) {
                items.add(Cases.values(x[n], truth(x[n])));
            }
            try (Learners learners = new Learners();
                    FeatureLearner learner = learners.create(
                            Cases.spec("a", new Task.Regression(1), Cases.squares(0.1, forgetting)), table(4))) {
                learner.learn(items);
                double most = 0;
                for (int n = 5_000; n < 5_100; n++) {
                    float actual =
                            ((Prediction.Values) learner.snapshot().predict(Cases.features(x[n]), 0)).values()[0];
                    most = Math.max(most, Math.abs(actual - truth(x[n])));
                }
                assertThat(most).as("forgetting %s", forgetting).isLessThan(0.02);
            }
        }
    }

    private static float truth(float[] x) {
        return 2 * x[0] - x[1] + 0.5f * x[3] + 1;
    }
}
