// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.math.Vectors;
import dev.reservoir.heads.train.Specs.Example;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Learning, metrics and answers of a head that is trained through the substrate. */
class FptLearnerTest {
    private final LinearSubstrate substrate = new LinearSubstrate();

    @ParameterizedTest
    @CsvSource({
        // readout rows of 6 + 1; input 3 x 6 + 6; positions 5 x 6; norms 2 x 6
        "'', 21",
        "NORMS, 33",
        "'NORMS,INPUT', 57",
        "'NORMS,INPUT,POSITIONS', 87",
        "POSITIONS, 51"
    })
    void exactlyTheNamedPartsLearnAndAreCounted(String names, int count) {
        Set<Part> parts = EnumSet.noneOf(Part.class);
        for (String name : names.isEmpty() ? new String[0] : names.split(",")) {
            parts.add(Part.valueOf(name));
        }
        FptLearner learner = Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.learning(parts, 4)));
        FptParameters before = learner.parameters().inner();
        float[] input = before.input().clone();
        Specs.learnAlone(substrate, learner, Specs.labelled(80, 4));
        FptParameters after = learner.parameters().inner();
        assertThat(learner.trainableParameters()).isEqualTo(count);
        assertThat(before.input()).as("what began is not written to").containsExactly(input);
        assertThat(!Arrays.equals(after.input(), input)).isEqualTo(parts.contains(Part.INPUT));
        assertThat(after.norms() != before.norms()).isEqualTo(parts.contains(Part.NORMS));
        assertThat(Vectors.squares(after.positions()) > 0).isEqualTo(parts.contains(Part.POSITIONS));
        assertThat(learner.metrics().updates()).isEqualTo(20);
        assertThat(learner.metrics().examples()).isEqualTo(80);
        assertThat(learner.metrics().total().count()).isEqualTo(80);
    }

    @Test
    void labelsAppearWithTheirMinibatchAndPredictionsCountBeforeTheyAreLearned() {
        FptLearner learner =
                Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.learning(Specs.ALL, 2)));
        FusedStep step = new FusedStep(substrate);
        AdmittedObservation one = Specs.admitted(new Observation.Tensor(new float[] {1, 0, 0}, 3));
        assertThat(learner.accept(1, one, new Target.Label("a"), null)).isNull();
        assertThat(learner.snapshot().labels()).isEmpty();
        assertThat(learner.accept(1, one, new Target.Label("a"), null)).isNull();
        assertThatThrownBy(() -> learner.accept(1, one, new Target.Label("a"), null))
                .isInstanceOf(IllegalStateException.class);
        step.run(List.of(learner));
        assertThat(learner.snapshot().labels()).containsExactly("a");
        // The first was not known; the second could not have been: it was judged in the same minibatch.
        assertThat(learner.metrics().total().count()).isEqualTo(2);
        learner.accept(1, one, new Target.Label("a"), null);
        learner.accept(1, one, new Target.Label("b"), null);
        step.run(List.of(learner));
        assertThat(learner.snapshot().labels()).containsExactly("a", "b");
        assertThat(learner.metrics().examples()).isEqualTo(4);
    }

    @Test
    void aFlushLearnsTheUnfinishedMinibatchAsAMinibatchOfThatSize() {
        LearningSpec.Fpt sixteen = Specs.learning(Specs.ALL, 16);
        FptLearner flushed = Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, sixteen));
        List<Example> examples = Specs.labelled(10, 21);
        Specs.learnAlone(substrate, flushed, examples);
        assertThat(flushed.metrics().examples()).isZero();
        assertThat(flushed.snapshot().labels()).isEmpty();
        flushed.flush();
        assertThat(flushed.updateDue()).isTrue();
        assertThatThrownBy(flushed::flush).isInstanceOf(IllegalStateException.class);
        Specs.update(substrate, flushed);
        FptLearner ten = Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.learning(Specs.ALL, 10)));
        Specs.learnAlone(substrate, ten, examples);
        assertThat(flushed.metrics()).isEqualTo(ten.metrics());
        assertThat(flushed.metrics().examples()).isEqualTo(10);
        assertThat(flushed.metrics().total().count()).isEqualTo(10);
        assertThat(flushed.snapshot().labels())
                .isEqualTo(ten.snapshot().labels())
                .isNotEmpty();
        assertThat(flushed.parameters().readout())
                .isDeepEqualTo(ten.parameters().readout());
        assertThat(flushed.parameters().inner().input())
                .containsExactly(ten.parameters().inner().input());
        flushed.flush();
        assertThat(flushed.updateDue()).as("nothing waits").isFalse();
    }

    @Test
    void replayedStepsOfAFlushedMinibatchAreNoLongerThanItIs() {
        FptLearner learner = Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.replaying(8, 3, 16)));
        Specs.learnAlone(substrate, learner, Specs.labelled(16, 22));
        Specs.learnAlone(substrate, learner, Specs.labelled(1, 23));
        learner.flush();
        substrate.sequences = 0;
        Specs.update(substrate, learner);
        assertThat(substrate.sequences).isEqualTo(3);
        assertThat(learner.metrics().updates()).isEqualTo(3 * 3);
    }

    @Test
    void residentBytesCountGatheredAndReplayedExamples() {
        FptLearner learner = Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.replaying(4, 2, 4)));
        long empty = learner.residentBytes();
        Specs.learnAlone(substrate, learner, Specs.labelled(3, 24));
        long gathering = learner.residentBytes();
        assertThat(gathering).isGreaterThan(empty + 3 * 128);
        Specs.learnAlone(substrate, learner, Specs.labelled(1, 25));
        long learned = learner.residentBytes();
        Specs.learnAlone(substrate, learner, Specs.labelled(4, 26));
        // The sample is full: what leaves it leaves the count.
        assertThat(learner.residentBytes()).isBetween(learned - 4 * 300, learned + 4 * 300);
    }

    @Test
    void targetsBeyondTheBoundChangeNothingAndThoseAtItDoNotStopTheHead() {
        FptLearner learner = Specs.learner(
                substrate,
                Specs.spec("a", Specs.ROWS, new Task.Regression(1), Pooling.MEAN, Specs.learning(Specs.ALL, 1), 1));
        AdmittedObservation row = Specs.admitted(new Observation.Tensor(new float[] {1, 1, 1}, 3));
        for (float value : new float[] {1.001e9f, 1e19f, -3e38f}) {
            Refused refused = learner.accept(1, row, new Target.Values(new float[] {value}), null);
            assertThat(refused).isNotNull();
            assertThat(refused.reason()).isEqualTo(Reason.WRONG_TARGET);
        }
        assertThat(learner.updateDue()).isFalse();
        for (int n = 0; n < 20; n++) {
            assertThat(learner.accept(1, row, new Target.Values(new float[] {n % 2 == 0 ? 1e9f : -1e9f}), null))
                    .isNull();
            Specs.update(substrate, learner);
        }
        assertThat(learner.failure()).isNull();
        assertThat(learner.metrics().refused()).isEqualTo(3);
        assertThat(learner.metrics().examples()).isEqualTo(20);
    }

    @Test
    void snapshotsAnswerWithTheirOwnVersion() {
        FptLearner learner =
                Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.learning(Specs.ALL, 4)));
        List<Example> examples = Specs.labelled(40, 7);
        Specs.learnAlone(substrate, learner, examples);
        var early = learner.snapshot();
        Prediction before = Specs.predict(substrate, early, examples.get(0).observation(), 4);
        Specs.learnAlone(substrate, learner, Specs.labelled(400, 8));
        assertThat(Specs.predict(substrate, early, examples.get(0).observation(), 4))
                .isEqualTo(before);
        assertThat(Specs.predict(substrate, learner.snapshot(), examples.get(0).observation(), 4))
                .isNotEqualTo(before);
        assertThat(learner.metrics().windowed().accuracy()).isGreaterThan(0.8);
    }

    @Test
    void tasksPerTokenLearnLabelledTokensOnly() {
        ModalitySpec bits = new ModalitySpec.Tokens(2, 6, 1);
        HeadSpec spec = Specs.spec(
                "a",
                bits,
                new Task.TokenClassification(List.of("0", "1"), 2),
                Pooling.PER_TOKEN,
                Specs.learning(Specs.ALL, 5),
                1);
        FptLearner learner = Specs.learner(substrate, spec);
        Random random = new Random(9);
        List<Example> examples = new ArrayList<>();
        for (int n = 0; n < 600; n++) {
            int[] symbols = random.ints(4, 0, 2).toArray();
            List<String> labels = new ArrayList<>(List.of("", "", "", ""));
            labels.set(1, Integer.toString(symbols[1]));
            labels.set(2, Integer.toString(symbols[2]));
            examples.add(new Example(new Observation.Symbols(symbols), new Target.TokenLabels(labels)));
        }
        examples.add(3, new Example(new Observation.Symbols(new int[] {1}), new Target.TokenLabels(List.of(""))));
        Specs.learnAlone(substrate, learner, examples);
        assertThat(learner.metrics().total().count()).isEqualTo(1_200 - 2);
        assertThat(learner.metrics().windowed().accuracy()).isGreaterThan(0.95);
    }

    @Test
    void textsLearnOnFrozenWordEmbeddings() {
        HeadSpec spec = Specs.spec(
                "a",
                new ModalitySpec.Text(8),
                new Task.Regression(1),
                Pooling.MEAN,
                Specs.learning(Set.of(Part.POSITIONS, Part.NORMS), 4),
                1);
        FptLearner learner = Specs.learner(substrate, spec);
        List<Example> examples = new ArrayList<>();
        for (int n = 0; n < 400; n++) {
            String word = n % 2 == 0 ? "abc" : "xyz";
            examples.add(new Example(new Observation.Text(word), new Target.Values(new float[] {n % 2})));
        }
        Specs.learnAlone(substrate, learner, examples);
        assertThat(learner.metrics().windowed().meanAbsoluteError()).isLessThan(0.1);
        assertThatThrownBy(() -> Specs.spec(
                        "a",
                        new ModalitySpec.Text(8),
                        new Task.Regression(1),
                        Pooling.MEAN,
                        Specs.learning(Specs.ALL, 4),
                        1))
                .isInstanceOf(Refused.class)
                .hasMessageContaining("learning.fpt.parts: INPUT");
    }

    @Test
    void memoryIsTwelveBytesPerParameterAndTheReplaySample() {
        FptLearner learner =
                Specs.learner(substrate, Specs.classifier("a", Pooling.CONCATENATE, Specs.replaying(4, 2, 8)));
        Specs.learnAlone(substrate, learner, Specs.labelled(40, 13));
        long parameters = learner.trainableParameters();
        assertThat(parameters).isEqualTo(3L * (5 * 6 + 1) + 24 + 30 + 12);
        assertThat(learner.residentBytes()).isBetween(12 * parameters, 12 * parameters + 10_000);
    }

    @Test
    void ratesMayChangeAndPartsMayNot() {
        HeadSpec spec = Specs.classifier("a", Pooling.MEAN, Specs.learning(Specs.ALL, 2));
        FptLearner learner = Specs.learner(substrate, spec);
        LearningSpec.Fpt learning = (LearningSpec.Fpt) spec.learning();
        HeadSpec slower = Specs.classifier("a", Pooling.MEAN, learning.with(1e-6, 0, 32));
        learner.update(slower);
        assertThat(learner.spec()).isEqualTo(slower);
        float[] before = learner.parameters().inner().input();
        Specs.learnAlone(substrate, learner, Specs.labelled(20, 14));
        float[] after = learner.parameters().inner().input();
        for (int i = 0; i < before.length; i++) {
            assertThat(after[i]).isCloseTo(before[i], within(1.2e-5f));
        }
        HeadSpec other = Specs.classifier("a", Pooling.MEAN, Specs.learning(Set.of(Part.NORMS), 2));
        assertThatThrownBy(() -> learner.update(other))
                .isInstanceOf(Refused.class)
                .hasMessage("learning.fpt: changed (expected: as the head was created)");
    }
}
