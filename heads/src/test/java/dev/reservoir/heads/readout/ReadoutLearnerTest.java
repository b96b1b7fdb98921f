// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerMemory;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.MemoryAccount;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.state.SharedPartWriter;
import dev.reservoir.state.v1.Readout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ReadoutLearnerTest {
    private final Learners learners = new Learners();

    @AfterEach
    void close() {
        learners.close();
    }

    static List<LearningSpec> rules() {
        return List.of(Cases.squares(0.1, 1), new LearningSpec.Gradient(0.05, 0, 1, 256));
    }

    private FeatureLearner learner(Task task, LearningSpec learning, int features) {
        return learners.create(Cases.spec("a", task, learning), Cases.encoder("k", features));
    }

    private static Refused only(List<Refused> answers) {
        assertThat(answers).hasSize(1);
        return answers.get(0);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void negativeNumbersOfScoresAreRefused(LearningSpec rule) {
        HeadSnapshot snapshot =
                learner(new Task.Classification(List.of("a", "b"), 2), rule, 3).snapshot();
        Features features = Cases.features(new float[] {1, 0, 0});

        assertThatThrownBy(() -> snapshot.predict(features, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxScores: -1 (expected: >= 0)");
    }

    @ParameterizedTest
    @MethodSource("rules")
    void targetsThatDoNotFitAreRefusedAndChangeNothingElse(LearningSpec rule) {
        FeatureLearner learner = learner(new Task.Regression(2), rule, 3);
        learner.learn(List.of(Cases.values(new float[] {1, 0, 0}, 1, 2)));
        float[][] before = Cases.weights(learner);
        float[] x = {0, 1, 0};
        List<Item> wrong = List.of(
                Cases.label(x, "a"),
                Cases.values(x, 1),
                Cases.values(x, 1, Float.NaN),
                Cases.values(x, Float.POSITIVE_INFINITY, 0),
                new Item(Cases.features(x), new Target.LabelSet(Set.of("a"))),
                new Item(Cases.features(x), new Target.TokenLabels(List.of("a"))));
        List<String> messages = new ArrayList<>();
        for (Item item : wrong) {
            Refused refused = only(learner.learn(List.of(item)));
            assertThat(refused.reason()).isEqualTo(Reason.WRONG_TARGET);
            messages.add(refused.getMessage());
        }
        assertThat(messages.get(1)).isEqualTo("target: 1 numbers (expected: 2 numbers)");
        assertThat(messages.get(2))
                .isEqualTo("target: values[1] = NaN (expected: a finite number of absolute value at most 1e9)");
        assertThat(only(learner.learn(List.of(Cases.values(new float[] {1, Float.NaN, 0}, 1, 2))))
                        .reason())
                .isEqualTo(Reason.INVALID_OBSERVATION);
        assertThat(only(learner.learn(List.of(Cases.values(new float[2], 1, 2))))
                        .reason())
                .isEqualTo(Reason.INVALID_OBSERVATION);
        assertThat(Cases.weights(learner)).isDeepEqualTo(before);
        assertThat(learner.metrics().examples()).isEqualTo(1);
        assertThat(learner.metrics().refused()).isEqualTo(8);
        learner.countRefused();
        assertThat(learner.metrics().refused()).isEqualTo(9);
        assertThat(learner.failure()).isNull();
    }

    @ParameterizedTest
    @MethodSource("rules")
    void oneLabelTooManyIsRefusedInsideTheCall(LearningSpec rule) {
        FeatureLearner learner = learner(new Task.Classification(List.of("a"), 2), rule, 2);
        var answers = learner.learn(List.of(
                Cases.label(new float[] {1, 0}, "b"),
                Cases.label(new float[] {1, 1}, "c"),
                Cases.label(new float[] {0, 1}, "a"),
                Cases.label(new float[] {0, 1}, "")));
        assertThat(answers.get(0)).isNull();
        assertThat(answers.get(1).reason()).isEqualTo(Reason.LABEL_LIMIT);
        assertThat(answers.get(1)).hasMessage("labels: \"c\" (expected: at most 2 labels)");
        assertThat(answers.get(2)).isNull();
        assertThat(answers.get(3).reason()).isEqualTo(Reason.WRONG_TARGET);
        assertThat(learner.snapshot().labels()).containsExactly("a", "b");
    }

    @Test
    void aSetWithOneLabelTooManyAddsNoneOfItsLabels() {
        FeatureLearner learner = learner(new Task.MultiLabel(List.of(), 2), Cases.squares(1, 1), 2);
        Item item = new Item(Cases.features(1, 0), new Target.LabelSet(Set.of("a", "b", "c")));
        assertThat(only(learner.learn(List.of(item))).reason()).isEqualTo(Reason.LABEL_LIMIT);
        assertThat(learner.snapshot().labels()).isEmpty();
        assertThat(((Prediction.LabelSet) learner.snapshot().predict(Cases.features(1, 0), 5)).labels())
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("rules")
    void labelsOfASetAreLearnedIndependently(LearningSpec rule) {
        FeatureLearner learner = learner(new Task.MultiLabel(List.of("x", "y"), 4), rule, 2);
        List<Item> items = new ArrayList<>();
        Random random = new Random(1);
        for (int n = 0; n < 600; n++) {
            boolean x = random.nextBoolean();
            boolean y = random.nextBoolean();
            Set<String> set = x && y ? Set.of("x", "y") : x ? Set.of("x") : y ? Set.of("y") : Set.of();
            items.add(new Item(Cases.features(x ? 1 : -1, y ? 1 : -1), new Target.LabelSet(set)));
        }
        learner.learn(items);
        var answer = (Prediction.LabelSet) learner.snapshot().predict(Cases.features(-1, 1), 2);
        assertThat(answer.labels()).containsExactly("y");
        assertThat(answer.scores().get(0).label()).isEqualTo("y");
        assertThat(answer.scores().get(0).score()).isGreaterThan(0.9f);
        assertThat(learner.metrics().windowed().accuracy()).isEqualTo(1);
        assertThat(learner.metrics().windowed().count()).isEqualTo(256);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void tokensAreLearnedOneByOneAndEmptyLabelsAreNot(LearningSpec rule) {
        FeatureLearner learner = learner(new Task.TokenClassification(List.of("p", "n"), 2), rule, 2);
        Features three = new Features(new float[] {1, 0, 0, 1, 1, 0}, 3, 3, null);
        for (int n = 0; n < 200; n++) {
            learner.learn(List.of(new Item(three, new Target.TokenLabels(List.of("p", "n", "")))));
        }
        assertThat(learner.metrics().examples()).isEqualTo(200);
        assertThat(learner.metrics().updates()).isEqualTo(400);
        assertThat(learner.metrics().total().count()).isEqualTo(400);
        assertThat(learner.metrics().total().accuracy()).isGreaterThan(0.98);
        assertThat(learner.snapshot().predict(three, 0)).isEqualTo(new Prediction.TokenLabels(List.of("p", "n", "p")));
        assertThat(only(learner.learn(List.of(new Item(three, new Target.TokenLabels(List.of("p")))))))
                .hasMessage("target: 1 labels (expected: 3, one per token)");
        assertThat(only(learner.learn(List.of(new Item(three, new Target.TokenLabels(List.of("", "", "")))))))
                .isNull();
        assertThat(learner.metrics().examples()).isEqualTo(201);
        assertThat(learner.metrics().updates()).isEqualTo(400);
    }

    @Test
    void forecastsAreLearnedNormalisedAndAnsweredInTheirOwnUnits() {
        FeatureLearner learner = learner(new Task.Forecast(2, 2), Cases.squares(1e-3, 1), 2);
        Random random = new Random(2);
        List<Item> items = new ArrayList<>();
        for (int n = 0; n < 300; n++) {
            float[] x = {(float) random.nextGaussian(), (float) random.nextGaussian()};
            Features.Scale scale = new Features.Scale(
                    new float[] {100 * random.nextFloat(), -5}, new float[] {1 + 10 * random.nextFloat(), 0.1f});
            float[] truth = new float[4];
            float[] normal = {x[0], x[1], x[0] + x[1], -x[0]};
            for (int i = 0; i < 4; i++) {
                truth[i] = normal[i] * scale.factor()[i % 2] + scale.shift()[i % 2];
            }
            items.add(new Item(new Features(x, 1, 8, scale), new Target.Values(truth)));
        }
        learner.learn(items.subList(0, 299));
        Item last = items.get(299);
        float[] answer = ((Prediction.Values) learner.snapshot().predict(last.features(), 0)).values();
        assertThat(answer).containsExactly(((Target.Values) last.target()).values(), within(1e-2f));

        FeatureLearner fresh = learners.create(
                Cases.spec("b", new Task.Forecast(1, 1), Cases.squares(1, 1)), Cases.encoder("other", 1));
        Features.Scale scale = new Features.Scale(new float[] {10}, new float[] {4});
        fresh.learn(List.of(new Item(new Features(new float[] {0}, 1, 1, scale), new Target.Values(new float[] {18}))));
        // The untrained head answers 0 normalised, that is 10; the truth is 8 away.
        assertThat(fresh.metrics().total().meanAbsoluteError()).isEqualTo(8);
        assertThat(fresh.metrics().total().rootMeanSquaredError()).isEqualTo(8);
        assertThat(fresh.metrics().total().loss()).isEqualTo(64);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void snapshotsDoNotChangeWhenTheHeadLearnsOnOrCloses(LearningSpec rule) {
        FeatureLearner learner = learner(new Task.Classification(List.of("l0", "l1"), 9), rule, 6);
        List<Item> items = Cases.labelled(120, 6, 4, 3);
        learner.learn(items.subList(0, 50));
        HeadSnapshot snapshot = learner.snapshot();
        assertThat(learner.snapshot()).isSameAs(snapshot);
        List<Prediction> before = new ArrayList<>();
        items.forEach(item -> before.add(snapshot.predict(item.features(), 4)));
        learner.learn(items.subList(50, 120));
        assertThat(learner.snapshot()).isNotSameAs(snapshot);
        learner.close();
        List<Prediction> after = new ArrayList<>();
        items.forEach(item -> after.add(snapshot.predict(item.features(), 4)));
        assertThat(after).isEqualTo(before);
        assertThatThrownBy(() -> learner.learn(items)).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void aClosedLearnerStillReturnsItsLastState(LearningSpec rule) {
        FeatureLearner learner = learner(new Task.Classification(List.of(), 9), rule, 6);
        List<Item> items = Cases.labelled(50, 6, 4, 3);
        learner.learn(items);
        HeadSnapshot last = learner.snapshot();
        var metrics = learner.metrics();
        learner.close();
        learner.close();
        assertThat(learner.snapshot()).isSameAs(last);
        assertThat(learner.metrics()).isEqualTo(metrics);
        assertThat(learner.failure()).isNull();
        assertThat(learner.residentBytes()).isPositive();
        assertThatThrownBy(() -> learner.learn(items)).isInstanceOf(IllegalStateException.class);
        assertThat(learner.snapshot()).isSameAs(last);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void aLearnerMayBeClosedAfterItsSharedMemory(LearningSpec rule) {
        FeatureLearner learner = learner(new Task.Classification(List.of(), 9), rule, 6);
        learner.learn(Cases.labelled(50, 6, 4, 3));
        learners.close();
        learner.close();
        assertThat(learner.snapshot().labels()).hasSize(3);
    }

    @Test
    void labelsAndWindowMayChange() {
        LearningSpec wide = Cases.squares(1, 1);
        FeatureLearner learner = learner(new Task.Classification(List.of("a"), 3), wide, 1);
        learner.learn(List.of(Cases.label(new float[] {1}, "b"), Cases.label(new float[] {1}, "b")));
        LearningSpec narrow = new LearningSpec.RecursiveLeastSquares(1, 1, 1);
        learner.update(Cases.spec("a", new Task.Classification(List.of("a", "c", "b"), 3), narrow));
        assertThat(learner.snapshot().labels()).containsExactly("a", "b", "c");
        assertThat(learner.trainableParameters()).isEqualTo(6);
        assertThat(learner.metrics().windowed().count()).isZero();
        assertThat(learner.metrics().total().count()).isEqualTo(2);
        learner.learn(List.of(Cases.label(new float[] {1}, "b"), Cases.label(new float[] {1}, "b")));
        assertThat(learner.metrics().windowed().count()).isEqualTo(1);
        assertThatThrownBy(() -> learner.update(Cases.spec("a", new Task.Classification(List.of("c", "b"), 3), narrow)))
                .hasMessageContaining("task.labels");
        assertThatThrownBy(() ->
                        learner.update(Cases.spec("a", new Task.Classification(List.of("a", "b", "c"), 4), narrow)))
                .hasMessageContaining("max_labels: 4");
        assertThatThrownBy(() -> learner.update(
                        Cases.spec("a", new Task.Classification(List.of("a", "b", "c"), 3), Cases.squares(2, 1))))
                .hasMessageContaining("ridge: 2.0");
    }

    /** Least squares that meet a defect at one row. */
    private static final class DefectiveRule implements Rule {
        private final Rule rule;
        private int rows;

        DefectiveRule(Rule rule, int rows) {
            this.rule = rule;
            this.rows = rows;
        }

        @Override
        public void announce(List<Row> announced) {
            rule.announce(announced);
        }

        @Override
        public void grow(int outputs) {
            rule.grow(outputs);
        }

        @Override
        public void scores(int index, Row row, float[] scores) {
            if (rows-- == 0) {
                throw new IllegalStateException("no native memory");
            }
            rule.scores(index, row, scores);
        }

        @Override
        public double learn(Row row, float[] scores, float[] truth) {
            return rule.learn(row, scores, truth);
        }

        @Override
        public void flush() {
            rule.flush();
        }

        @Override
        public void save(Readout.Builder state, SharedPartWriter parts) {
            rule.save(state, parts);
        }

        @Override
        public void restore(StoredReadout stored) {
            rule.restore(stored);
        }

        @Override
        public int outputs() {
            return rule.outputs();
        }

        @Override
        public Weights weights() {
            return rule.weights();
        }

        @Override
        public long updates() {
            return rule.updates();
        }

        @Override
        public long bytes() {
            return rule.bytes();
        }

        @Override
        public void close() {
            rule.close();
        }
    }

    @Test
    void aDefectRefusesWhatWasNotLearnedAndKeepsLabelsWithTheirWeights() {
        Task task = new Task.Classification(List.of(), 8);
        FeatureLearner whole = learner(task, Cases.squares(1, 1), 6);
        Rule rule = ((ReadoutLearner) learner(task, Cases.squares(1, 1), 6)).rule();
        HeadSpec spec = Cases.spec("a", task, Cases.squares(1, 1));
        ReadoutLearner.Holdings holdings = new ReadoutLearner.Holdings(
                EncoderLease.unshared(Cases.encoder("k", 6)),
                LearnerMemory.reserve(MemoryAccount.UNLIMITED, spec, 6, 0));
        FeatureLearner learner = new ReadoutLearner(spec, holdings, new DefectiveRule(rule, 40), null, unused -> {});
        List<Item> items = new ArrayList<>(Cases.labelled(40, 6, 3, 3));
        items.add(Cases.label(new float[6], "late"));
        items.add(Cases.label(new float[6], "later"));

        var answers = learner.learn(items);

        assertThat(answers.subList(0, 40)).containsOnlyNulls();
        assertThat(answers.subList(40, 42))
                .allSatisfy(answer -> assertThat(answer.reason()).isEqualTo(Reason.INTERNAL));
        assertThat(learner.failure()).isNull();
        assertThat(learner.metrics().examples()).isEqualTo(40);
        assertThat(learner.metrics().refused()).isEqualTo(2);
        assertThat(learner.snapshot().labels()).isNotEmpty().doesNotContain("late", "later");
        learner.snapshot().predict(items.get(0).features(), 8);

        whole.learn(items.subList(0, 40));
        List<Item> more = Cases.labelled(60, 6, 4, 4);
        assertThat(learner.learn(more)).containsOnlyNulls();
        whole.learn(more);
        assertThat(Cases.weights(learner)).isDeepEqualTo(Cases.weights(whole));
    }
}
