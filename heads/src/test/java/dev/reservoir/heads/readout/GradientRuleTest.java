// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.task.Truth;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class GradientRuleTest {
    private final Learners learners = new Learners();

    @AfterEach
    void close() {
        learners.close();
    }

    private FeatureLearner learner(Task task, int features, double rate, double decay, int minibatch) {
        return learners.create(
                Cases.spec("a", task, new LearningSpec.Gradient(rate, decay, minibatch, 64)),
                Cases.encoder("k", features));
    }

    /**
     * One feature whose first two values are 2 and 0: standardised to 2 (nothing seen) and then by mean 2, deviation 0.
     */
    @Test
    void firstAdamStepsEqualThoseComputedByHand() {
        FeatureLearner learner = learner(new Task.Regression(1), 1, 0.1, 0.5, 1);
        learner.learn(List.of(Cases.values(new float[] {2}, 3)));
        // g = (0 - 3) * (2, 1); the first step of Adam is rate * sign(g), there is nothing to decay yet.
        float[] one = trained(learner);
        assertThat(one[0]).isCloseTo(0.1f, within(1e-6f));
        assertThat(one[1]).isCloseTo(0.1f, within(1e-6f));

        learner.learn(List.of(Cases.values(new float[] {3}, 0)));
        // Input 3 - 2 = 1, answer 0.1 + 0.1 = 0.2, g = (0.2, 0.2). Before: m = 0.1 g1, v = 0.001 g1^2, g1 = (-6, -3).
        double[] first = {-6, -3};
        double[] kept = {0.1 * (1 - 0.1 * 0.5), 0.1};
        for (int i = 0; i < 2; i++) {
            double m = 0.9 * 0.1 * first[i] + 0.1 * 0.2;
            double v = 0.999 * 0.001 * first[i] * first[i] + 0.001 * 0.04;
            double step = 0.1 * (m / (1 - 0.81)) / (Math.sqrt(v / (1 - 0.999 * 0.999)) + 1e-8);
            assertThat((double) trained(learner)[i]).isCloseTo(kept[i] - step, within(1e-5));
        }
        assertThat(learner.metrics().total().meanAbsoluteError()).isCloseTo((3 + 0.2) / 2, within(1e-6));
    }

    /** Weights on standardised features. */
    private static float[] trained(FeatureLearner learner) {
        return Cases.weights(learner)[0];
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 32})
    void splittingTheStreamIntoCallsChangesNoBit(int minibatch) {
        List<Item> items = Cases.labelled(300, 21, 5, 6);
        Task task = new Task.Classification(List.of("l1"), 8);
        FeatureLearner whole = learner(task, 21, 0.02, 0.01, minibatch);
        whole.learn(items);
        for (int round = 0; round < 4; round++) {
            FeatureLearner cut = learner(task, 21, 0.02, 0.01, minibatch);
            Cases.learnInCuts(cut, items, new Random(round), 40);
            assertThat(Cases.weights(cut)).isDeepEqualTo(Cases.weights(whole));
            assertThat(cut.metrics()).isEqualTo(whole.metrics());
        }
        assertThat(whole.metrics().updates()).isEqualTo(300 / minibatch);
    }

    @Test
    void learnsLabelsAndAnswersProbabilities() {
        List<Item> items = Cases.labelled(3_000, 12, 3, 7);
        FeatureLearner learner = learner(new Task.Classification(List.of(), 3), 12, 0.01, 0, 1);
        learner.learn(items);
        assertThat(learner.metrics().windowed().accuracy()).isGreaterThan(0.85);
        assertThat(learner.metrics().windowed().loss()).isLessThan(0.6);
        var answer = (Prediction.Label) learner.snapshot().predict(items.get(0).features(), 3);
        assertThat(answer.scores().stream()
                        .mapToDouble(Prediction.Scored::score)
                        .sum())
                .isCloseTo(1, within(1e-5));
        assertThat(answer.scores().get(0).label()).isEqualTo(answer.label());
    }

    @Test
    void servedWeightsAnswerAsTrainedOnes() {
        List<Item> items = Cases.labelled(500, 12, 3, 8);
        FeatureLearner learner = learner(new Task.Classification(List.of(), 3), 12, 0.01, 0, 4);
        learner.learn(items);
        GradientRule rule = (GradientRule) ((ReadoutLearner) learner).rule();
        float[] trained = new float[3];
        float[] served = new float[3];
        for (Item item : items.subList(0, 20)) {
            Row row = new Row(item.features().values(), 0, 0, new Truth(0, true, 3, 3, new int[] {0}, null, null));
            rule.scores(0, row, trained);
            Weights weights = rule.weights();
            weights.answer(item.features().values(), 0, weights.scratch(), served);
            assertThat(served).containsExactly(trained);
        }
    }

    @Test
    void rateAndDecayMayChangeAndNothingElse() {
        Task task = new Task.Regression(1);
        FeatureLearner learner = learner(task, 1, 0.1, 0, 1);
        learner.update(Cases.spec("a", task, new LearningSpec.Gradient(0.001, 0, 1, 64)));
        learner.learn(List.of(Cases.values(new float[] {2}, 3)));
        assertThat(trained(learner)[0]).isCloseTo(0.001f, within(1e-7f));
        assertThatThrownBy(() -> learner.update(Cases.spec("a", task, new LearningSpec.Gradient(0.001, 0, 2, 64))))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.INVALID_FIELD))
                .hasMessageContaining("minibatch: 2");
        assertThatThrownBy(() -> learner.update(Cases.spec("a", task, Cases.squares(1, 1))))
                .isInstanceOf(Refused.class);
    }

    @Test
    void aThousandHeadsFitInAHundredMegabytes() {
        List<String> labels = new ArrayList<>();
        for (int c = 0; c < 10; c++) {
            labels.add("l" + c);
        }
        FeatureLearner learner = learner(new Task.Classification(labels, 10), 384, 0.01, 0, 1);
        List<Item> items = Cases.labelled(300, 384, 10, 9);
        learner.learn(items);
        learner.snapshot();
        assertThat(learner.residentBytes()).isLessThan(70_000);
        assertThat(learner.trainableParameters()).isEqualTo(3_850);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-6, 1, 100, 1e4, 1e6, 1e9})
    void aNoiseColumnInAnyUnitDoesNotDisturbTheOthers(double scale) {
        Random random = new Random(21);
        List<Item> items = new ArrayList<>();
        for (int n = 0; n < 2_000; n++) {
            float signal = (float) random.nextGaussian();
            float noise = (float) (scale * random.nextGaussian());
            items.add(Cases.label(new float[] {signal, noise}, signal > 0 ? "up" : "down"));
        }
        FeatureLearner learner = learner(new Task.Classification(List.of(), 2), 2, 0.01, 0, 1);
        learner.learn(items);
        assertThat(learner.metrics().windowed().accuracy()).isGreaterThan(0.97);
    }
}
