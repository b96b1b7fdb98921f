// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Target.TokenSet;
import dev.reservoir.heads.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Readouts of sets of labels per token. */
class TokenSetsReadoutTest {
    private static final int WIDTH = 5;
    private static final List<String> LABELS = List.of("u", "v", "w");

    private final Learners learners = new Learners();

    @AfterEach
    void close() {
        learners.close();
    }

    private FeatureLearner learner(LearningSpec learning) {
        return learners.create(
                Cases.spec("a", new Task.TokenMultiLabel(List.of("u"), 3), learning), Cases.encoder("k", WIDTH));
    }

    static Stream<LearningSpec> rules() {
        return Stream.of(
                Cases.squares(1, 1),
                new LearningSpec.Gradient(3e-2, 0, 1, 256),
                new LearningSpec.Gradient(3e-2, 0, 4, 256));
    }

    /** Sequences of 1 to 4 tokens; a label is true if its feature is positive; a third of the tokens are unlabelled. */
    private static List<Item> items(int count, long seed) {
        Random random = new Random(seed);
        List<Item> items = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            int tokens = 1 + random.nextInt(4);
            float[] values = new float[tokens * WIDTH];
            List<TokenSet> sets = new ArrayList<>();
            for (int t = 0; t < tokens; t++) {
                int from = t * WIDTH;
                for (int i = 0; i < WIDTH; i++) {
                    values[from + i] = (float) random.nextGaussian();
                }
                int[] holds = IntStream.range(0, 3)
                        .filter(c -> values[from + c] > 0)
                        .map(c -> 2 - c)
                        .toArray();
                boolean unknown = random.nextInt(3) == 0;
                sets.add(new TokenSet(unknown, unknown ? new int[0] : holds));
            }
            items.add(new Item(
                    new Features(values, tokens, tokens, null),
                    new Target.TokenLabelSets(List.of("w", "v", "u"), sets)));
        }
        return items;
    }

    private static boolean[] holds(Target target, int token) {
        TokenSet set = ((Target.TokenLabelSets) target).tokens().get(token);
        boolean[] holds = new boolean[3];
        Arrays.stream(set.indices()).forEach(index -> holds[2 - index] = true);
        return holds;
    }

    private static boolean unknown(Item item, int token) {
        return ((Target.TokenLabelSets) item.target()).tokens().get(token).unknown();
    }

    /** Compares, one example at a time, what is served before it with its truth, token by token. */
    @ParameterizedTest
    @MethodSource("rules")
    void theScoreCountsEveryLabelOfEveryKnownTokenBeforeItIsLearned(LearningSpec rule) {
        FeatureLearner learner = learner(rule);
        // All labels are known from here on; tokens of one example are learned one after the other, so one a time.
        learner.learn(List.of(new Item(
                new Features(new float[WIDTH], 1, 1, null),
                new Target.TokenLabelSets(LABELS, List.of(new TokenSet(false, new int[] {0, 1, 2}))))));
        assertThat(learner.snapshot().labels()).containsExactlyElementsOf(LABELS);
        long before = learner.metrics().total().count();
        double right = learner.metrics().total().accuracy() * 3;
        int judged = 3;
        for (Item item : items(300, 1)) {
            for (int t = 0; t < item.features().rows(); t++) {
                if (unknown(item, t)) {
                    continue;
                }
                Features row = new Features(
                        Arrays.copyOfRange(item.features().values(), t * WIDTH, (t + 1) * WIDTH), 1, 1, null);
                Prediction.TokenSet answer = ((Prediction.TokenLabelSets)
                                learner.snapshot().predict(row, 0))
                        .tokens()
                        .get(0);
                boolean[] holds = holds(item.target(), t);
                for (int c = 0; c < 3; c++) {
                    int label = c;
                    boolean said = Arrays.stream(answer.indices()).anyMatch(index -> index == label);
                    right += said == holds[c] ? 1 : 0;
                    judged++;
                }
                TokenSet set = ((Target.TokenLabelSets) item.target()).tokens().get(t);
                learner.learn(List.of(new Item(row, new Target.TokenLabelSets(List.of("w", "v", "u"), List.of(set)))));
            }
        }
        assertThat(learner.metrics().total().count() - before).isEqualTo((judged - 3) / 3);
        assertThat(learner.metrics().total().accuracy()).isCloseTo(right / judged, within(1e-12));
        assertThat(learner.metrics().windowed().accuracy()).isGreaterThan(0.9);
    }

    @Test
    void leastSquaresFitsEachLabelOverAllKnownTokens() {
        FeatureLearner learner = learner(Cases.squares(0.5, 1));
        List<Item> items = items(200, 2);
        learner.learn(items);
        List<float[]> rows = new ArrayList<>();
        List<double[]> truths = new ArrayList<>();
        for (Item item : items) {
            for (int t = 0; t < item.features().rows(); t++) {
                if (!unknown(item, t)) {
                    rows.add(Arrays.copyOfRange(item.features().values(), t * WIDTH, (t + 1) * WIDTH));
                    boolean[] holds = holds(item.target(), t);
                    truths.add(new double[] {holds[0] ? 1 : 0, holds[1] ? 1 : 0, holds[2] ? 1 : 0});
                }
            }
        }
        double[][] weights = Cases.closedForm(rows.toArray(float[][]::new), truths.toArray(double[][]::new), 0.5, 1);
        List<String> known = learner.snapshot().labels();
        assertThat(known).containsExactlyInAnyOrderElementsOf(LABELS);
        for (int n = 0; n < 20; n++) {
            float[] x = rows.get(n);
            var answer = (Prediction.TokenLabelSets) learner.snapshot().predict(new Features(x, 1, 1, null), 3);
            Prediction.TokenSet token = answer.tokens().get(0);
            for (int i = 0; i < 3; i++) {
                int c = LABELS.indexOf(known.get(token.scored()[i]));
                assertThat((double) token.scores()[i]).isCloseTo(Cases.dot(weights[c], x), within(1e-4));
            }
        }
    }

    @Test
    void aGradientStepUsesTheMeanLossOverLabels() {
        FeatureLearner learner = learner(new LearningSpec.Gradient(1e-3, 0, 1, 16));
        Target both = new Target.TokenLabelSets(List.of("u", "v"), List.of(new TokenSet(false, new int[] {0, 1})));
        learner.learn(List.of(new Item(new Features(new float[WIDTH], 1, 1, null), both)));

        // Scores 0, a label wrong by log 2 each; the mean over labels, not their sum.
        assertThat(learner.metrics().total().loss()).isCloseTo(Math.log(2), within(1e-9));
        assertThat(learner.metrics().updates()).isEqualTo(1);
    }
}
