// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.TextFormat;
import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadFootprint;
import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.TextTokenizer;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.codec.HeadCodec;
import dev.reservoir.heads.readout.Learners;
import dev.reservoir.heads.train.FptLearner;
import dev.reservoir.heads.train.FusedStep;
import dev.reservoir.server.memory.MemoryBudget;
import dev.reservoir.server.memory.ServerMemory;
import dev.reservoir.server.mixing.MixingSubstrate;
import dev.reservoir.v1.Head;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeadFactoryTest {
    /** A substrate that only runs forward, as one without norms would be. */
    private record ForwardOnly(Substrate substrate) implements Substrate {
        @Override
        public SubstrateInfo info() {
            return substrate.info();
        }

        @Override
        public TextTokenizer tokenizer() {
            return substrate.tokenizer();
        }

        @Override
        public HiddenStates forward(List<SubstrateInput> sequences) {
            return substrate.forward(sequences);
        }

        @Override
        public void close() {
            substrate.close();
        }
    }

    private static ServerMemory.Accounts accounts(long headBytes) {
        MemoryBudget heap = new MemoryBudget("heap", 2 * headBytes, "java -Xmx");
        MemoryBudget outside = new MemoryBudget("native memory", 1 << 30, "--native-memory-mib");
        return new ServerMemory.Accounts(
                heap.account("heads", headBytes), outside.account("inverse covariances"), heap.account("encoders"));
    }

    private static HeadSpec spec(String learning) throws TextFormat.ParseException {
        Head head = TextFormat.parse(
                "modality { tensor { width: 3 } } task { classification { } } learning { " + learning + " { } }",
                Head.class);
        return HeadCodec.decode(new HeadName("tests", "head"), head);
    }

    private static HeadSpec restorable(String learning) throws TextFormat.ParseException {
        Head head = TextFormat.parse(
                "modality { tensor { width: 3 max_rows: 2 } } task { classification { labels: \"a\" labels: \"b\" } }"
                        + " learning { "
                        + learning + " }",
                Head.class);
        return HeadCodec.decode(new HeadName("tests", "head"), head);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "least_squares { }",
                "gradient { minibatch: 7 }",
                "fpt { minibatch: 3 updates_per_example: 2 }",
                "fpt { minibatch: 3 companion { } }"
            })
    void restoresHeadsOfEveryKind(String learning) throws Exception {
        HeadSpec spec = restorable(learning);
        byte[] key = Learners.randomKey();
        try (MixingSubstrate substrate = new MixingSubstrate();
                HeadFactory factory = new HeadFactory(substrate, accounts(1L << 30), key);
                HeadFactory later = new HeadFactory(substrate, accounts(1L << 30), key);
                HeadLearner head = factory.create(spec)) {
            ObservationEncoder encoder = head.snapshot().encoder();
            AdmittedObservation observation = encoder.admit(new Observation.Tensor(new float[] {1, 2, 3, 4, 5, 6}, 3));
            Features features = new Features(new float[encoder.featureWidth()], 1, 2, null);
            for (int n = 0; n < 40; n++) {
                learn(substrate, head, observation, features, n);
            }
            LearnerState state = head.state(any -> false);
            try (HeadLearner restored = later.restore(spec, state)) {
                for (int n = 40; n < 80; n++) {
                    learn(substrate, head, observation, features, n);
                    learn(substrate, restored, observation, features, n);
                }
                assertThat(restored.metrics()).isEqualTo(head.metrics());
                assertThat(restored.state(any -> false).own())
                        .isEqualTo(head.state(any -> false).own());
            }
            byte[] damaged = state.own().clone();
            damaged[damaged.length / 2]++;
            LearnerState wrong = new LearnerState(damaged, state.shared());
            assertThatThrownBy(() -> later.restore(spec, wrong)).isInstanceOf(UnusableState.class);
        }
    }

    private static void learn(
            MixingSubstrate substrate,
            HeadLearner head,
            AdmittedObservation observation,
            Features features,
            int sequence) {
        Target target = new Target.Label(sequence % 3 == 0 ? "a" : "b");
        if (head instanceof FeatureLearner readout) {
            assertThat(readout.learn(List.of(new FeatureLearner.Item(features, target))))
                    .containsOnlyNulls();
        } else if (head instanceof FptLearner fpt) {
            assertThat(fpt.accept(sequence, observation, target, features)).isNull();
            while (fpt.updateDue()) {
                assertThat(new FusedStep(substrate).run(List.of(fpt)).aborted()).isEmpty();
            }
        }
    }

    @Test
    void trainsReadoutsOnASubstrateThatOnlyRunsForward() throws Exception {
        try (HeadFactory factory = new HeadFactory(new ForwardOnly(new MixingSubstrate()), accounts(1L << 30))) {
            HeadSpec spec = spec("least_squares");
            try (HeadLearner learner = factory.create(spec)) {
                assertThat(learner).isInstanceOf(FeatureLearner.class);
            }
        }
    }

    @Test
    void refusesHeadsThatLearnThroughASubstrateThatOnlyRunsForward() throws Exception {
        try (HeadFactory factory = new HeadFactory(new ForwardOnly(new MixingSubstrate()), accounts(1L << 30))) {
            HeadSpec spec = spec("fpt");
            assertThatThrownBy(() -> factory.create(spec))
                    .isInstanceOfSatisfying(
                            Refused.class,
                            refused -> assertThat(refused.reason()).isEqualTo(Reason.INVALID_FIELD))
                    .hasMessage("learning: fpt on substrate mixing of family mixing (expected: a substrate whose norms"
                            + " can be tuned, or a readout head)");
        }
    }

    private static HeadSpec fpt(String modality, String learning) throws TextFormat.ParseException {
        Head head = TextFormat.parse(
                "modality { " + modality + " } task { classification { max_labels: 4 } } learning { fpt { " + learning
                        + " } }",
                Head.class);
        return HeadCodec.decode(new HeadName("tests", "head"), head);
    }

    @Test
    void aHeadThatLearnsThroughTheSubstrateHasAFrozenEncoderOnlyForItsBaseline() throws Exception {
        try (HeadFactory factory = new HeadFactory(new MixingSubstrate(), accounts(1L << 30));
                HeadLearner alone = factory.create(fpt("tensor { width: 3 max_rows: 4 }", ""));
                HeadLearner withBaseline = factory.create(fpt("tensor { width: 3 max_rows: 4 }", "companion { }"))) {
            assertThat(alone.snapshot().exampleEncoder()).isNull();
            assertThat(alone.snapshot().encoder().key()).isNull();
            assertThat(alone.snapshot().encoder().featureWidth()).isEqualTo(MixingSubstrate.WIDTH);
            assertThat(withBaseline.snapshot().exampleEncoder())
                    .as("the one that answers until the head itself is better")
                    .isNotNull()
                    .isSameAs(withBaseline.snapshot().encoder());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {513, 16_384})
    void refusesAHeadThatLearnsThroughMoreTokensThanTheSubstrateHasPositions(int rows) throws Exception {
        Head.Builder head = TextFormat.parse(
                "encoder { pooling: CONCATENATE } task { classification { } } learning { fpt { minibatch: 1 } }",
                Head.class)
                .toBuilder();
        head.getModalityBuilder().getTensorBuilder().setWidth(3).setMaxRows(rows);
        try (HeadFactory factory = new HeadFactory(new MixingSubstrate(), accounts(1L << 30))) {
            assertThatThrownBy(() -> factory.create(HeadCodec.decode(new HeadName("tests", "head"), head.build())))
                    .isInstanceOfSatisfying(
                            Refused.class,
                            refused -> assertThat(refused.reason()).isEqualTo(Reason.INVALID_FIELD))
                    .hasMessage(
                            "modality.tensor.max_rows: " + rows + " (expected: 1 to the substrate's positions, 512)");
        }
    }

    @Test
    void refusesAHeadThatCouldOutgrowTheHeapBeforeAnyOfItIsAllocated() throws Exception {
        Substrate substrate = new MixingSubstrate();
        int features = 16 * substrate.info().width();
        Head.Builder head = TextFormat.parse(
                "modality { tensor { width: 3 max_rows: 16 } } encoder { pooling: CONCATENATE"
                        + " input_skip: WITHOUT_INPUT } learning { gradient { } }",
                Head.class)
                .toBuilder();
        head.getTaskBuilder().getClassificationBuilder().setMaxLabels(4_096);
        HeadSpec spec = HeadCodec.decode(new HeadName("tests", "head"), head.build());
        long bytes = HeadFootprint.of(spec.task(), spec.learning(), features).heapBytes();
        assertThat(bytes).isGreaterThan(5L * 4 * 4_096 * (features + 1));
        try (HeadFactory factory = new HeadFactory(substrate, accounts(bytes - 1))) {
            assertThatThrownBy(() -> factory.create(spec))
                    .isInstanceOfSatisfying(
                            Refused.class,
                            refused -> assertThat(refused.reason()).isEqualTo(Reason.MEMORY_LIMIT))
                    .hasMessage("tenants/tests/heads/head, 4096 outputs of " + features + " features: heads: " + bytes
                            + " bytes more (expected: at most " + (bytes - 1)
                            + ", all of heap, which java -Xmx sets)");
        }
        try (HeadFactory factory = new HeadFactory(substrate, accounts(bytes));
                HeadLearner learner = factory.create(spec)) {
            assertThat(learner.residentBytes()).isLessThan(bytes);
        }
    }
}
