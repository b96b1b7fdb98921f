// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.KeyedEncoder;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Prediction.Scored;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.readout.Learners;
import dev.reservoir.heads.train.Specs.Example;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FrozenBaselineTest {
    private static final int WIDTH = 2;

    private static final KeyedEncoder FROZEN =
            new KeyedEncoder(new EncoderKey("linear", new ModalitySpec.Tensor(3, 5), Pooling.MEAN, WIDTH, 0), WIDTH);

    private final LinearSubstrate substrate = new LinearSubstrate();
    private final Learners readouts = new Learners();

    @AfterEach
    void close() {
        readouts.close();
    }

    private FptLearner learner(int minibatch, int window) {
        LearningSpec.Fpt.Companion companion = new LearningSpec.Fpt.Companion(
                new EncoderSpec(Pooling.MEAN, 64, true), new LearningSpec.RecursiveLeastSquares(1, 1, 8));
        LearningSpec learning = LearningSpec.Fpt.builder(Specs.ALL)
                .learningRate(1e-2)
                .minibatch(minibatch)
                .companion(companion)
                .metricWindow(window)
                .build();
        HeadSpec spec = Specs.classifier("a", Pooling.MEAN, learning);
        return new FptLearners(substrate)
                .create(
                        spec,
                        Specs.reader(substrate, spec.modality()),
                        (of, scored) -> readouts.create(of, EncoderLease.unshared(FROZEN), scored));
    }

    /** Learns one by one. */
    private void learn(FptLearner learner, List<Example> examples, Function<Example, float[]> features) {
        for (Example example : examples) {
            assertThat(learner.accept(
                            1, example.admitted(), example.target(), new Features(features.apply(example), 1, 1, null)))
                    .isNull();
            Specs.update(substrate, learner);
        }
    }

    private static float[] telling(Example example) {
        String label = ((Target.Label) example.target()).label();
        return new float[] {label.equals("high") ? 1 : label.equals("low") ? -1 : 0, label.equals("middle") ? 1 : 0};
    }

    private static float[] silent(Example example) {
        return new float[] {1, 0};
    }

    @Test
    void theFrozenReadoutIsServedWhileItIsAhead() {
        FptLearner learner = learner(4, 64);
        learn(learner, Specs.labelled(200, 1), FrozenBaselineTest::telling);
        // Its features determine the label and need few examples, so the head itself cannot be ahead.
        assertThat(learner.snapshot().isFrozenBaseline()).isTrue();
        assertThat(learner.snapshot().encoder()).isSameAs(FROZEN);
        assertThat(learner.metrics().windowed().accuracy()).isEqualTo(1);
        assertThat(learner.metrics().updates()).isEqualTo(50);
        assertThat(learner.metrics().examples()).isEqualTo(200);
    }

    @Test
    void theHeadItselfIsServedOnceItIsAhead() {
        FptLearner learner = learner(4, 64);
        assertThat(learner.snapshot().isFrozenBaseline()).as("untrained").isTrue();
        learn(learner, Specs.labelled(800, 2), FrozenBaselineTest::silent);
        assertThat(learner.snapshot().isFrozenBaseline()).isFalse();
        assertThat(learner.snapshot().encoder()).isNotSameAs(FROZEN);
        assertThat(learner.snapshot().exampleEncoder()).isSameAs(FROZEN);
        assertThat(learner.metrics().windowed().accuracy()).isGreaterThan(0.8);
        assertThat(learner.metrics().windowed().count()).isEqualTo(64);
    }

    @Test
    void theServedPartDependsOnTheExamplesAloneNotOnReads() {
        FptLearner looked = learner(4, 16);
        FptLearner left = learner(4, 16);
        List<Example> examples = Specs.labelled(150, 3);
        Function<Example, float[]> half = example -> example.hashCode() % 2 == 0 ? telling(example) : silent(example);
        for (Example example : examples) {
            learn(looked, List.of(example), half);
            looked.snapshot();
            looked.metrics();
        }
        learn(left, examples, half);
        assertThat(looked.metrics()).isEqualTo(left.metrics());
        assertThat(looked.snapshot().isFrozenBaseline())
                .isEqualTo(left.snapshot().isFrozenBaseline());
        assertThat(looked.residentBytes()).isEqualTo(left.residentBytes());
    }

    @Test
    void reportedScoresAreThoseOfServedAnswers() {
        FptLearner learner = learner(1, 64);
        long right = 0;
        int leadChanges = 0;
        boolean before = true;
        List<Example> examples = Specs.labelled(600, 2);
        for (Example example : examples) {
            HeadSnapshot served = learner.snapshot();
            String truth = ((Target.Label) example.target()).label();
            Prediction answer = served.isFrozenBaseline()
                    ? served.predict(new Features(silent(example), 1, 1, null), 0)
                    : Specs.predict(substrate, served, example.observation(), 0);
            right += ((Prediction.Label) answer).label().equals(truth) ? 1 : 0;
            leadChanges += served.isFrozenBaseline() != before ? 1 : 0;
            before = served.isFrozenBaseline();
            learn(learner, List.of(example), FrozenBaselineTest::silent);
        }
        assertThat(leadChanges).as("or the test proves nothing").isPositive();
        assertThat(learner.metrics().total().count()).isEqualTo(examples.size());
        assertThat(learner.metrics().total().accuracy()).isEqualTo((double) right / examples.size());
    }

    @Test
    void scoresAreOnOneScaleWhicheverPartAnswers() {
        FptLearner learner = learner(4, 64);
        learn(learner, Specs.labelled(200, 1), FrozenBaselineTest::telling);
        HeadSnapshot served = learner.snapshot();
        assertThat(served.isFrozenBaseline()).isTrue();
        for (float[] features : new float[][] {{3, -2}, {-1, 0}, {0, 1}, {0, 0}}) {
            Prediction.Label all = (Prediction.Label) served.predict(new Features(features, 1, 1, null), 3);
            assertThat(all.scores())
                    .hasSize(3)
                    .allSatisfy(scored -> assertThat(scored.score()).isBetween(0f, 1f));
            assertThat(all.scores().stream().mapToDouble(Scored::score).sum()).isCloseTo(1, within(1e-6));
            Prediction.Label best = (Prediction.Label) served.predict(new Features(features, 1, 1, null), 1);
            assertThat(best.scores()).containsExactly(all.scores().get(0));
            assertThat(best.label()).isEqualTo(best.scores().get(0).label());
        }
    }

    @Test
    void aMinibatchThatIsNotLearnedIsNotLearnedByTheBaselineEither() {
        FptLearner broken = learner(2, 64);
        FptLearner sound = learner(2, 64);
        List<Example> examples = Specs.labelled(8, 6);
        substrate.broken = sequences -> true;
        for (Example example : examples.subList(0, 2)) {
            broken.accept(1, example.admitted(), example.target(), new Features(telling(example), 1, 1, null));
        }
        assertThat(new FusedStep(substrate).run(List.of(broken)).aborted()).hasSize(1);
        substrate.broken = sequences -> false;
        learn(broken, examples.subList(2, 8), FrozenBaselineTest::telling);
        learn(sound, examples.subList(2, 8), FrozenBaselineTest::telling);
        assertThat(broken.metrics().total()).isEqualTo(sound.metrics().total());
        assertThat(broken.metrics().refused()).isEqualTo(2);
        assertThat(broken.snapshot().labels()).isEqualTo(sound.snapshot().labels());
    }

    @Test
    void aBaselineThatCannotLearnLeavesTheHeadToItself() {
        FptLearner learner = learner(2, 16);
        learn(learner, Specs.labelled(4, 6), FrozenBaselineTest::telling);
        // A closed readout learns no more and says so by throwing.
        learner.close();
        learn(learner, Specs.labelled(40, 7), FrozenBaselineTest::telling);
        assertThat(learner.metrics().examples()).isEqualTo(44);
        assertThat(learner.failure()).isNull();
        assertThat(learner.snapshot().isFrozenBaseline()).isFalse();
    }

    @Test
    void sizesCoverBothPartsAndFeaturesAreRequired() {
        FptLearner learner = learner(2, 16);
        learn(learner, Specs.labelled(20, 4), FrozenBaselineTest::telling);
        int own = 3 * 7 + 24 + 30 + 12;
        assertThat(learner.trainableParameters()).isEqualTo(own + 3 * (WIDTH + 1));
        Observation row = new Observation.Tensor(new float[] {1, 1, 1}, 3);
        assertThatThrownBy(() -> learner.accept(1, Specs.admitted(row), new Target.Label("high"), null))
                .isInstanceOf(IllegalArgumentException.class);
        HeadSpec spec = learner.spec();
        LearningSpec.Fpt slower = ((LearningSpec.Fpt) spec.learning()).with(1e-4, 0, 32);
        learner.update(new HeadSpec(spec.name(), spec.modality(), spec.task(), spec.encoder(), slower, spec.seed()));
        learn(learner, Specs.labelled(40, 5), FrozenBaselineTest::telling);
        assertThat(learner.metrics().windowed().count()).isEqualTo(32);
        learner.close();
    }
}
