// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LeastSquaresTest {
    private final Learners learners = new Learners();

    @AfterEach
    void close() {
        learners.close();
    }

    private FeatureLearner regression(String name, int dimensions, int features, double ridge, double forgetting) {
        return learners.create(
                Cases.spec(name, new Task.Regression(dimensions), Cases.squares(ridge, forgetting)),
                Cases.encoder("key", features));
    }

    private static double[][] truths(float[][] x, int outputs, double noise, long seed) {
        Random random = new Random(seed);
        double[][] map = new double[outputs][x[0].length + 1];
        for (double[] row : map) {
            for (int i = 0; i < row.length; i++) {
                row[i] = random.nextGaussian();
            }
        }
        double[][] truth = new double[x.length][outputs];
        for (int n = 0; n < x.length; n++) {
            for (int c = 0; c < outputs; c++) {
                truth[n][c] = (float) (Cases.dot(map[c], x[n]) + noise * random.nextGaussian());
            }
        }
        return truth;
    }

    private static List<Item> items(float[][] x, double[][] truth) {
        List<Item> items = new ArrayList<>();
        for (int n = 0; n < x.length; n++) {
            float[] values = new float[truth[n].length];
            for (int c = 0; c < values.length; c++) {
                values[c] = (float) truth[n][c];
            }
            items.add(Cases.values(x[n], values));
        }
        return items;
    }

    @ParameterizedTest
    @CsvSource({
        "384, 5000, 1, 1, 1e-4",
        "384, 5000, 0.1, 1, 1e-4",
        "12, 3000, 1, 0.995, 1e-4",
        "40, 3000, 1, 0.999, 1e-4",
        "128, 3000, 1, 0.999, 1e-4",
        "200, 3000, 1, 0.999, 1e-4",
        "600, 2000, 1, 1, 1e-4"
    })
    void predictionsEqualTheClosedForm(int features, int count, double ridge, double forgetting, double most) {
        float[][] x = Cases.correlated(count, features, 3);
        double[][] truth = truths(x, 3, 0.1, 4);
        FeatureLearner learner = regression("a", 3, features, ridge, forgetting);
        learner.learn(items(x, truth));

        double[][] oracle = Cases.closedForm(x, truth, ridge, forgetting);

        double error = Cases.predictionError(learner.snapshot(), oracle, Cases.correlated(200, features, 3));
        assertThat(error).isLessThan(most);
    }

    @Test
    void labelsAreLearnedAsOneAgainstRest() {
        List<Item> items = Cases.labelled(700, 20, 4, 5);
        FeatureLearner learner = learners.create(
                Cases.spec("a", new Task.Classification(List.of("l0", "l1", "l2", "l3"), 4), Cases.squares(1, 1)),
                Cases.encoder("k", 20));
        learner.learn(items);

        float[][] x = items.stream().map(i -> i.features().values()).toArray(float[][]::new);
        double[][] truth = new double[x.length][4];
        for (int n = 0; n < x.length; n++) {
            truth[n][
                    "l0 l1 l2 l3"
                                    .indexOf(((dev.reservoir.heads.Target.Label)
                                                    items.get(n).target())
                                            .label())
                            / 3] = 1;
        }
        double[][] oracle = Cases.closedForm(x, truth, 1, 1);
        float[][] weights = Cases.weights(learner);
        for (int c = 0; c < 4; c++) {
            for (int i = 0; i < oracle[c].length; i++) {
                assertThat((double) weights[c][i]).isCloseTo(oracle[c][i], within(1e-4));
            }
        }
        assertThat(learner.metrics().total().accuracy()).isGreaterThan(0.6);
    }

    /** Widths of every way in which the inverse covariance is stored. */
    @ParameterizedTest
    @CsvSource({"1, 37", "0.98, 37", "0.6, 37", "0.98, 128", "0.98, 129", "1, 300", "0.98, 600"})
    void splittingTheStreamIntoCallsChangesNoBit(double forgetting, int width) {
        List<Item> items = Cases.labelled(400, width, 5, 6);
        List<float[][]> learned = new ArrayList<>();
        List<Object> metrics = new ArrayList<>();
        for (int round = 0; round < 5; round++) {
            try (Learners alone = new Learners()) {
                FeatureLearner learner = alone.create(
                        Cases.spec("a", new Task.Classification(List.of(), 8), Cases.squares(0.5, forgetting)),
                        Cases.encoder("k", width));
                Cases.learnInCuts(learner, items, new Random(round), round == 0 ? 1 : 90);
                learned.add(Cases.weights(learner));
                metrics.add(learner.metrics());
                learner.close();
            }
        }
        for (int round = 1; round < learned.size(); round++) {
            assertThat(Arrays.deepEquals(learned.get(round), learned.get(0))).isTrue();
            assertThat(metrics.get(round)).isEqualTo(metrics.get(0));
        }
    }

    @Test
    void prequentialErrorsEqualThoseOfLearningOneByOne() {
        int features = 24;
        float[][] x = Cases.correlated(300, features, 8);
        double[][] truth = truths(x, 2, 0.3, 9);
        FeatureLearner learner = regression("a", 2, features, 1, 0.999);
        double[][] errors = naiveErrors(x, truth, 1, 0.999);
        double absolute = 0;
        for (int n = 0; n < x.length; n++) {
            for (double error : errors[n]) {
                absolute += Math.abs(error);
            }
        }
        learner.learn(items(x, truth));

        assertThat(learner.metrics().total().meanAbsoluteError()).isCloseTo(absolute / (2 * x.length), within(1e-5));
        assertThat(learner.metrics().total().count()).isEqualTo(300);
        double windowed = 0;
        for (int n = x.length - 256; n < x.length; n++) {
            windowed += errors[n][0] * errors[n][0] + errors[n][1] * errors[n][1];
        }
        assertThat(learner.metrics().windowed().rootMeanSquaredError())
                .isCloseTo(Math.sqrt(windowed / 512), within(1e-5));
        assertThat(learner.metrics().windowed().loss()).isCloseTo(windowed / 512, within(1e-5));
    }

    private static double[][] naiveErrors(float[][] x, double[][] truth, double ridge, double forgetting) {
        int width = x[0].length + 1;
        double[][] p = new double[width][width];
        for (int i = 0; i < width; i++) {
            p[i][i] = i == width - 1 ? 1e9 : 1 / ridge;
        }
        double[][] w = new double[truth[0].length][width];
        double[][] errors = new double[x.length][w.length];
        for (int n = 0; n < x.length; n++) {
            double[] u = new double[width];
            double s = forgetting;
            for (int i = 0; i < width; i++) {
                u[i] = Cases.dot(p[i], x[n]);
            }
            s += Cases.dot(u, x[n]);
            for (int c = 0; c < w.length; c++) {
                errors[n][c] = truth[n][c] - Cases.dot(w[c], x[n]);
                for (int i = 0; i < width; i++) {
                    w[c][i] += u[i] / s * errors[n][c];
                }
            }
            for (int i = 0; i < width; i++) {
                for (int j = 0; j < width; j++) {
                    p[i][j] = (p[i][j] - u[i] * u[j] / s) / forgetting;
                }
            }
        }
        return errors;
    }

    @ParameterizedTest
    @CsvSource({"1, 1000", "0.99, 1000", "0.7, 100"})
    void aMillionUpdatesStayFiniteSymmetricAndBounded(double forgetting, int calls) {
        int features = 7;
        FeatureLearner learner = regression("a", 1, features, 0.1, forgetting);
        Random random = new Random(11);
        List<Item> items = new ArrayList<>();
        double drift = 0;
        for (int call = 0; call < calls; call++) {
            items.clear();
            drift = forgetting < 1 ? call / 100 : 0;
            for (int n = 0; n < 1_000; n++) {
                float[] x = new float[features];
                for (int i = 0; i < 4; i++) {
                    x[i] = (float) random.nextGaussian();
                }
                x[5] = x[1] * 2; // a direction between features that is never excited; x[4] and x[6] stay zero
                items.add(Cases.values(x, (float) (x[0] - 2 * x[2] + drift)));
            }
            learner.learn(items);
        }
        assertThat(learner.failure()).isNull();
        assertThat(learner.metrics().updates()).isEqualTo(1_000L * calls);
        double[] p =
                ((LeastSquaresRule) ((ReadoutLearner) learner).rule()).reader().base();
        double trace = 0;
        for (int i = 0; i < 8; i++) {
            trace += p[i * 8 + i];
            for (int j = 0; j < 8; j++) {
                assertThat(p[i * 8 + j]).isFinite();
                assertThat(Math.abs(p[i * 8 + j] - p[j * 8 + i])).isLessThanOrEqualTo(1e-6f * Math.abs(p[i * 8 + j]));
            }
        }
        assertThat(trace).isLessThanOrEqualTo(8 / 0.1 * 1.00001);
        float[] weights = Cases.weights(learner)[0];
        assertThat(weights[0]).isCloseTo(1, within(1e-3f));
        assertThat(weights[2]).isCloseTo(-2, within(1e-3f));
        assertThat(weights[features]).isCloseTo((float) drift, within(1e-2f));
    }

    @Test
    void aLateLabelIsLearnedAsIfKnownFromTheStart() {
        List<Item> items = new ArrayList<>(Cases.labelled(150, 10, 3, 12));
        for (float[] x : Cases.correlated(50, 10, 13)) {
            items.add(Cases.label(x, "late"));
        }
        FeatureLearner appearing = learners.create(
                Cases.spec("a", new Task.Classification(List.of("l0", "l1", "l2"), 9), Cases.squares(1, 1)),
                Cases.encoder("k1", 10));
        FeatureLearner known = learners.create(
                Cases.spec("b", new Task.Classification(List.of("l0", "l1", "l2", "late"), 9), Cases.squares(1, 1)),
                Cases.encoder("k2", 10));
        appearing.learn(items);
        known.learn(items);

        assertThat(appearing.snapshot().labels()).containsExactly("l0", "l1", "l2", "late");
        assertThat(Cases.weights(appearing)).isDeepEqualTo(Cases.weights(known));
    }

    @Test
    void anUntrainedHeadAllocatesNoMatrix() {
        FeatureLearner learner = regression("a", 1, 384, 1, 1);
        long untrained = learner.residentBytes();
        float[][] x = Cases.correlated(33, 384, 1);
        learner.learn(items(x, truths(x, 1, 0, 1)).subList(0, 31));
        assertThat(untrained).isLessThan(12_000);
        assertThat(learners.inverseCovariances()).isZero();
        learner.learn(items(x, truths(x, 1, 0, 1)).subList(31, 33));
        assertThat(learners.inverseCovariances()).isEqualTo(1);
        assertThat(learner.residentBytes()).isBetween(9L * 392 * 392 / 2, 9L * 392 * 392 / 2 + 80_000);
        assertThat(learner.trainableParameters()).isEqualTo(385);
    }
}
