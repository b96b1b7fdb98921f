// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.train.Specs.Example;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Heads that learn in one step share its passes and nothing else. */
class FusedStepTest {
    private final LinearSubstrate substrate = new LinearSubstrate();

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8})
    void fusedAndSoloTrainingAreEqualBitForBit(int minibatch) {
        LearningSpec learning = Specs.replaying(minibatch, 2, 16);
        HeadSpec spec = Specs.classifier("a", Pooling.MEAN, learning);
        List<Example> examples = Specs.labelled(97, 5);
        FptLearner alone = Specs.learner(substrate, spec);
        Specs.learnAlone(substrate, alone, examples);
        FptLearner among = Specs.learner(substrate, spec);
        List<FptLearner> others = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            others.add(Specs.learner(
                    substrate,
                    Specs.classifier(
                            "o" + i,
                            i % 2 == 0 ? Pooling.LAST : Pooling.CONCATENATE,
                            Specs.learning(Specs.ALL, 1 + i))));
        }
        List<Example> foreign = Specs.labelled(97, 6);
        FusedStep step = new FusedStep(substrate);
        for (int n = 0; n < examples.size(); n++) {
            among.accept(n + 1, examples.get(n).admitted(), examples.get(n).target(), null);
            for (FptLearner other : others) {
                other.accept(n + 1, foreign.get(n).admitted(), foreign.get(n).target(), null);
            }
            while (true) {
                List<FptLearner> due = new ArrayList<>();
                // The head's place among the others changes from step to step.
                for (int i = 0; i < others.size(); i++) {
                    if (i == n % others.size() && among.updateDue()) {
                        due.add(among);
                    }
                    if (others.get(i).updateDue()) {
                        due.add(others.get(i));
                    }
                }
                if (due.isEmpty()) {
                    break;
                }
                step.run(due);
            }
        }
        assertThat(among.metrics()).isEqualTo(alone.metrics());
        assertThat(among.parameters().readout())
                .isDeepEqualTo(alone.parameters().readout());
        assertThat(among.parameters().inner().input())
                .containsExactly(alone.parameters().inner().input());
        assertThat(among.parameters().inner().positions())
                .containsExactly(alone.parameters().inner().positions());
        assertThat(among.parameters().inner().norms().gains())
                .containsExactly(alone.parameters().inner().norms().gains());
    }

    @Test
    void manyHeadsShareAPassAndLongMinibatchesAreCut() {
        List<FptLearner> learners = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            learners.add(
                    Specs.learner(substrate, Specs.classifier("a" + i, Pooling.MEAN, Specs.learning(Specs.ALL, 1))));
        }
        Example example = Specs.labelled(1, 12).get(0);
        learners.forEach(learner -> learner.accept(1, example.admitted(), example.target(), null));
        new FusedStep(substrate).run(learners);
        assertThat(substrate.passes).isEqualTo(1);
        ModalitySpec wide = new ModalitySpec.Tensor(1, 60);
        FptLearner many = Specs.learner(
                substrate,
                Specs.spec("m", wide, new Task.Regression(1), Pooling.MEAN, Specs.learning(Specs.ALL, 100), 1));
        for (int n = 0; n < 100; n++) {
            many.accept(
                    1,
                    Specs.admitted(new Observation.Tensor(new float[60], 1)),
                    new Target.Values(new float[] {n}),
                    null);
        }
        substrate.passes = 0;
        new FusedStep(substrate).run(List.of(many));
        // 34 sequences of 60 tokens fit in 2,048
        assertThat(substrate.passes).isEqualTo(3);
        assertThat(many.metrics().updates()).isEqualTo(1);
    }

    @Test
    void aNonFiniteNumberStopsOnlyItsOwnHead() {
        FptLearner bad = Specs.learner(
                substrate,
                Specs.spec("bad", Specs.ROWS, new Task.Regression(1), Pooling.MEAN, Specs.learning(Specs.ALL, 2), 1));
        FptLearner good =
                Specs.learner(substrate, Specs.classifier("good", Pooling.MEAN, Specs.learning(Specs.ALL, 2)));
        FptLearner twin =
                Specs.learner(substrate, Specs.classifier("good", Pooling.MEAN, Specs.learning(Specs.ALL, 2)));
        List<Example> examples = Specs.labelled(2, 10);
        FusedStep step = new FusedStep(substrate);
        AdmittedObservation row = Specs.admitted(new Observation.Tensor(new float[] {1, 1, 1}, 3));
        assertThat(bad.accept(1, row, new Target.Values(new float[] {Float.NaN}), null))
                .isNotNull();
        assertThat(bad.accept(2, row, new Target.Values(new float[] {3}), null)).isNull();
        assertThat(bad.accept(3, row, new Target.Values(new float[] {2}), null)).isNull();
        SubstrateInput poison = embedded(bad, row);
        substrate.poisoned = sequence -> Arrays.equals(rows(sequence), rows(poison));
        var served = bad.snapshot();
        for (Example example : examples) {
            good.accept(1, example.admitted(), example.target(), null);
        }
        FusedStep.Outcome outcome = step.run(List.of(bad, good));
        Specs.learnAlone(substrate, twin, examples);
        assertThat(outcome.aborted()).hasSize(1);
        FptLearner.Aborted aborted = outcome.aborted().get(0);
        assertThat(aborted.learner()).isSameAs(bad);
        assertThat(aborted.sequences()).containsExactly(2L, 3L);
        assertThat(aborted.why().reason()).isEqualTo(Reason.HEAD_FAILED);
        assertThat(bad.failure()).startsWith("stopped learning: ");
        assertThat(bad.updateDue()).isFalse();
        assertThat(bad.snapshot().labels()).isEqualTo(served.labels());
        assertThat(bad.metrics().total().count()).isZero();
        Refused refused = bad.accept(1, row, new Target.Values(new float[] {1}), null);
        assertThat(refused).isNotNull();
        assertThat(refused.reason()).isEqualTo(Reason.HEAD_FAILED);
        assertThat(bad.metrics().refused()).isEqualTo(4);
        assertThat(good.failure()).isNull();
        assertThat(good.parameters().readout()).isDeepEqualTo(twin.parameters().readout());
    }

    static List<Supplier<Throwable>> faults() {
        return List.of(() -> new IllegalStateException("broken"), () -> new OutOfMemoryError("broken"));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void aFailedPassRefusesExactlyTheExamplesOfItsMinibatch(Supplier<Throwable> fault) {
        FptLearner learner =
                Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.learning(Specs.ALL, 2)));
        List<Example> examples = Specs.labelled(20, 11);
        FusedStep step = new FusedStep(substrate);
        learner.accept(7, examples.get(0).admitted(), examples.get(0).target(), null);
        learner.accept(9, examples.get(1).admitted(), examples.get(1).target(), null);
        substrate.broken = sequences -> true;
        substrate.fault = fault;
        FusedStep.Outcome outcome = step.run(List.of(learner));
        substrate.broken = sequences -> false;
        assertThat(outcome.tokens()).isZero();
        assertThat(outcome.aborted()).hasSize(1);
        assertThat(outcome.aborted().get(0).sequences()).containsExactly(7L, 9L);
        assertThat(outcome.aborted().get(0).why().reason()).isEqualTo(Reason.INTERNAL);
        assertThat(outcome.aborted().get(0).cause()).hasMessageContaining("broken");
        assertThat(learner.updateDue()).isFalse();
        assertThat(learner.failure()).isNull();
        assertThat(learner.metrics().refused()).isEqualTo(2);
        assertThat(learner.snapshot().labels()).isEmpty();
        Specs.learnAlone(substrate, learner, examples.subList(2, 20));
        assertThat(learner.metrics().examples()).isEqualTo(18);
    }

    @Test
    void anUpdateThatCannotBeginIsAbortedAndNotDueAgain() {
        HeadSpec spec = Specs.spec(
                "text",
                new ModalitySpec.Text(8),
                new Task.Regression(1),
                Pooling.MEAN,
                Specs.learning(Set.of(Part.NORMS), 1),
                1);
        FptLearner learner = Specs.learner(substrate, spec);
        FptLearner other = Specs.learner(substrate, spec);
        AdmittedObservation text = Specs.admitted(new Observation.Text("abc"));
        learner.accept(1, text, new Target.Values(new float[] {1}), null);
        other.accept(1, text, new Target.Values(new float[] {1}), null);
        // It has been begun and not ended: beginning it again is refused.
        learner.begin();
        FusedStep.Outcome outcome = new FusedStep(substrate).run(List.of(learner, other));
        assertThat(outcome.aborted()).extracting(FptLearner.Aborted::learner).containsExactly(learner);
        assertThat(outcome.aborted().get(0).sequences()).containsExactly(1L);
        assertThat(learner.updateDue()).isFalse();
        assertThat(learner.accept(2, text, new Target.Values(new float[] {1}), null))
                .isNull();
        assertThat(other.metrics().examples()).isEqualTo(1);
    }

    @Test
    void aReplayedUpdateThatFailsRefusesNothing() {
        FptLearner learner = Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.replaying(2, 3, 8)));
        List<Example> examples = Specs.labelled(4, 11);
        for (int i = 0; i < 2; i++) {
            learner.accept(i + 1, examples.get(i).admitted(), examples.get(i).target(), null);
        }
        FusedStep step = new FusedStep(substrate);
        assertThat(step.run(List.of(learner)).aborted()).isEmpty();
        substrate.broken = sequences -> true;
        FusedStep.Outcome outcome = step.run(List.of(learner));
        substrate.broken = sequences -> false;
        assertThat(outcome.aborted().get(0).sequences()).isEmpty();
        assertThat(learner.updateDue()).isFalse();
        assertThat(learner.metrics().refused()).isZero();
        assertThat(learner.metrics().examples()).isEqualTo(2);
        Specs.learnAlone(substrate, learner, examples.subList(2, 4));
        assertThat(learner.metrics().updates()).isEqualTo(4);
    }

    /** What the substrate reads of an observation at first. */
    private static SubstrateInput embedded(FptLearner learner, AdmittedObservation observation) {
        return learner.snapshot().encoder().encode(observation).input();
    }

    private static float[] rows(SubstrateInput sequence) {
        return ((SubstrateInput.Embeddings) sequence).rows();
    }

    @Test
    void aSharedPassThatFailsIsMadeAgainForEachHeadAlone() {
        List<Example> examples = Specs.labelled(8, 17);
        List<FptLearner> learners = new ArrayList<>();
        for (String name : List.of("long", "short", "other")) {
            learners.add(Specs.learner(substrate, Specs.classifier(name, Pooling.MEAN, Specs.learning(Specs.ALL, 2))));
        }
        FptLearner alone =
                Specs.learner(substrate, Specs.classifier("short", Pooling.MEAN, Specs.learning(Specs.ALL, 2)));
        Specs.learnAlone(substrate, alone, examples.subList(0, 2));
        for (int i = 0; i < 2; i++) {
            Example example = examples.get(i);
            learners.forEach(learner -> learner.accept(1, example.admitted(), example.target(), null));
        }
        int[] passes = {0};
        // The shared pass fails, and so does the first head's own; the others' own passes succeed.
        substrate.broken = sequences -> sequences.size() > 2 || passes[0]++ == 0;
        FusedStep.Outcome outcome = new FusedStep(substrate).run(learners);
        substrate.broken = sequences -> false;
        assertThat(outcome.aborted()).hasSize(1);
        assertThat(outcome.aborted().get(0).learner()).isSameAs(learners.get(0));
        assertThat(outcome.aborted().get(0).sequences()).containsExactly(1L, 1L);
        assertThat(learners).extracting(learner -> learner.metrics().refused()).containsExactly(2L, 0L, 0L);
        assertThat(learners).extracting(learner -> learner.metrics().examples()).containsExactly(0L, 2L, 2L);
        assertThat(learners.get(1).parameters().readout())
                .isDeepEqualTo(alone.parameters().readout());
        assertThat(learners.get(1).metrics()).isEqualTo(alone.metrics());
    }
}
