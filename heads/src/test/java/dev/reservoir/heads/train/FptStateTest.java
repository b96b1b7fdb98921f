// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.BoundedAccount;
import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadMemory;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.KeyedEncoder;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearnerState.SharedPart;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Target.TokenSet;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.UnusableState.Problem;
import dev.reservoir.heads.readout.Learners;
import dev.reservoir.heads.state.Sealed;
import dev.reservoir.heads.state.StoredVersion;
import dev.reservoir.state.v1.Example;
import dev.reservoir.state.v1.Learner;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An FPT head that goes on from a state is the one it was taken from, to the bit. */
class FptStateTest {
    private static final byte[] KEY = Learners.randomKey();
    private static final KeyedEncoder FROZEN =
            new KeyedEncoder(new EncoderKey("linear", new ModalitySpec.Tensor(3, 5), Pooling.MEAN, 2, 0), 2);

    private static final Task FOUR_LABELS = new Task.Classification(List.of("declared"), 4);

    private final LinearSubstrate substrate = new LinearSubstrate();

    static List<HeadSpec> heads() {
        ModalitySpec series = new ModalitySpec.Series(2, 6, 2, true);
        Task labels = FOUR_LABELS;
        LearningSpec replaying = Specs.replaying(4, 3, 70);
        return List.of(
                Specs.spec("a", Specs.ROWS, labels, Pooling.MEAN, replaying, 5),
                Specs.spec("b", Specs.ROWS, labels, Pooling.LAST, Specs.replaying(3, 2, 8), 6),
                Specs.spec("c", Specs.ROWS, new Task.MultiLabel(List.of(), 4), Pooling.FIRST, learning(Part.NORMS), 5),
                Specs.spec("d", Specs.ROWS, new Task.Regression(2), Pooling.CONCATENATE, learning(Part.POSITIONS), 5),
                Specs.spec(
                        "e", Specs.ROWS, new Task.TokenClassification(List.of(), 4), Pooling.PER_TOKEN, replaying, 5),
                Specs.spec("f", Specs.ROWS, new Task.TokenMultiLabel(List.of(), 4), Pooling.PER_TOKEN, replaying, 5),
                Specs.spec("g", series, new Task.Forecast(2, 2), Pooling.MEAN, replaying, 5),
                Specs.spec("h", new ModalitySpec.Text(8), labels, Pooling.MEAN, learning(Part.NORMS), 5),
                Specs.spec("i", new ModalitySpec.Tokens(4, 12, 2), labels, Pooling.MEAN, learning(Part.INPUT), 5),
                Specs.spec("j", Specs.ROWS, labels, Pooling.MEAN, Specs.learning(Set.of(), 1), 5),
                Specs.spec("k", Specs.ROWS, labels, Pooling.MEAN, withBaseline(), 5));
    }

    private static LearningSpec learning(Part part) {
        return Specs.learning(Set.of(part), 5);
    }

    private static LearningSpec withBaseline() {
        return Specs.replaying(4, 3, 20).toBuilder()
                .companion(new LearningSpec.Fpt.Companion(
                        new EncoderSpec(Pooling.MEAN, 64, true), new LearningSpec.RecursiveLeastSquares(1, 0.9, 64)))
                .build();
    }

    /** The learners of one process. */
    private final class Process implements AutoCloseable {
        private final Learners readouts;
        private final FptLearners learners;

        Process() {
            this(HeadMemory.UNLIMITED);
        }

        Process(HeadMemory memory) {
            this(memory, KEY);
        }

        Process(HeadMemory memory, byte[] key) {
            readouts = new Learners(memory, key);
            learners = new FptLearners(substrate, memory.heap());
        }

        FptLearner create(HeadSpec spec) {
            return learners.create(
                    spec,
                    Specs.reader(substrate, spec.modality()),
                    (baseline, scored) -> readouts.create(baseline, EncoderLease.unshared(FROZEN), scored));
        }

        FptLearner restore(HeadSpec spec, LearnerState state) {
            return learners.restore(
                    spec,
                    Specs.reader(substrate, spec.modality()),
                    state,
                    (baseline, own, scored) -> readouts.restore(baseline, EncoderLease.unshared(FROZEN), own, scored));
        }

        @Override
        public void close() {
            readouts.close();
        }
    }

    @ParameterizedTest
    @MethodSource("heads")
    void goesOnToTheBitFromEveryPlaceOfAStream(HeadSpec spec) {
        Random random = new Random(1);
        ObservationReader reader = Specs.reader(substrate, spec.modality());
        FusedStep step = new FusedStep(substrate);
        try (Process memory = new Process();
                FptLearner whole = memory.create(spec)) {
            Process disk = new Process();
            FptLearner restored = disk.create(spec);
            for (int n = 0; n < 260; n++) {
                Observation observation = observation(spec.modality(), random);
                Target target = target(spec.task(), observation, random);
                float[] numbers = {random.nextFloat(), random.nextInt(15) == 0 ? Float.NaN : random.nextFloat()};
                int event = random.nextInt(12);
                List<String> answers = new ArrayList<>();
                for (FptLearner learner : List.of(whole, restored)) {
                    AdmittedObservation admitted = reader.admit(observation);
                    Refused refused = learner.accept(n, admitted, target, new Features(numbers, 1, 1, null));
                    answers.add(refused == null ? "accepted" : refused.getMessage());
                    change(learner, event, n);
                }
                assertThat(answers.get(0)).isEqualTo(answers.get(1));
                do {
                    // Also before each update of a minibatch, and after the last.
                    if (random.nextInt(3) == 0) {
                        LearnerState state = restored.state(any -> false);
                        restored.close();
                        disk.close();
                        disk = new Process();
                        restored = disk.restore(whole.spec(), state);
                        assertSame(restored, whole);
                    }
                    for (FptLearner learner : List.of(whole, restored)) {
                        if (learner.updateDue()) {
                            assertThat(step.run(List.of(learner)).aborted()).isEmpty();
                        }
                    }
                } while (whole.updateDue());
            }
            assertThat(whole.metrics().updates()).isGreaterThan(30);
            assertSame(restored, whole);
            restored.close();
            disk.close();
        }
    }

    private static void change(FptLearner learner, int event, int n) {
        switch (event) {
            case 0 -> learner.countRefused();
            case 1 -> {
                if (!learner.updateDue()) {
                    learner.flush();
                }
            }
            case 2 -> {
                if (learner.updateDue()) {
                    learner.begin();
                    learner.abort(new Refused(Reason.INTERNAL, "as a test wants it"), null);
                }
            }
            case 3 -> {
                if (!learner.updateDue()) {
                    LearningSpec.Fpt learning =
                            (LearningSpec.Fpt) learner.spec().learning();
                    learner.update(learner.spec().withLearning(learning.with(0.02, 0.1, 40 + n)));
                }
            }
            default -> {}
        }
    }

    private void assertSame(FptLearner restored, FptLearner whole) {
        LearnerState a = restored.state(any -> false);
        LearnerState b = whole.state(any -> false);
        assertThat(a.own()).isEqualTo(b.own());
        assertThat(a.shared().stream().map(SharedPart::id))
                .isEqualTo(b.shared().stream().map(SharedPart::id).toList());
        assertThat(restored.metrics()).isEqualTo(whole.metrics());
        assertThat(restored.snapshot().labels()).isEqualTo(whole.snapshot().labels());
        assertThat(restored.snapshot().isFrozenBaseline())
                .isEqualTo(whole.snapshot().isFrozenBaseline());
        assertThat(restored.trainableParameters()).isEqualTo(whole.trainableParameters());
        assertThat(restored.residentBytes()).isPositive();
        assertThat(restored.parameters().inner().input())
                .isEqualTo(whole.parameters().inner().input());
        assertThat(restored.parameters().readout())
                .isDeepEqualTo(whole.parameters().readout());
    }

    private static Observation observation(ModalitySpec modality, Random random) {
        if (modality instanceof ModalitySpec.Text) {
            return new Observation.Text("abcdefgh".substring(random.nextInt(3), 4 + random.nextInt(4)));
        }
        if (modality instanceof ModalitySpec.Tokens) {
            return new Observation.Symbols(
                    random.ints(1 + random.nextInt(12), 0, 4).toArray());
        }
        int columns = modality instanceof ModalitySpec.Series ? 2 : 3;
        int rows = modality instanceof ModalitySpec.Series ? 6 : 1 + random.nextInt(5);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return modality instanceof ModalitySpec.Series
                ? new Observation.Series(values, columns)
                : new Observation.Tensor(values, columns);
    }

    private static Target target(Task task, Observation observation, Random random) {
        int tokens = observation instanceof Observation.Tensor tensor ? tensor.values().length / 3 : 1;
        if (random.nextInt(20) == 0) {
            return new Target.Values(new float[] {Float.NaN});
        }
        if (task instanceof Task.Classification) {
            return new Target.Label("l" + random.nextInt(5));
        }
        if (task instanceof Task.MultiLabel) {
            return new Target.LabelSet(Set.of("l" + random.nextInt(2), "l" + (2 + random.nextInt(2))));
        }
        if (task instanceof Task.TokenClassification) {
            return new Target.TokenLabels(random.ints(tokens, 0, 4)
                    .mapToObj(c -> c == 0 ? "" : "l" + c)
                    .toList());
        }
        if (task instanceof Task.TokenMultiLabel) {
            List<TokenSet> sets = new ArrayList<>();
            for (int t = 0; t < tokens; t++) {
                boolean unknown = random.nextInt(5) == 0;
                sets.add(new TokenSet(unknown, unknown ? new int[0] : new int[] {random.nextInt(2)}));
            }
            return new Target.TokenLabelSets(List.of("l" + random.nextInt(2), "l" + (2 + random.nextInt(2))), sets);
        }
        float[] values = new float[task.maxOutputs()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        return new Target.Values(values);
    }

    @Test
    void aFailedHeadComesBackFailed() {
        HeadSpec spec = heads().get(0);
        try (Process process = new Process()) {
            FptLearner failed = learned(process, spec, 30);
            substrate.poisoned = sequence -> true;
            AdmittedObservation row = Specs.labelled(1, 3).get(0).admitted();
            while (!failed.updateDue()) {
                failed.accept(1, row, new Target.Label("declared"), null);
            }
            new FusedStep(substrate).run(List.of(failed));
            assertThat(failed.failure()).startsWith("stopped learning: ");
            FptLearner restored = process.restore(spec, failed.state(any -> false));
            assertThat(restored.failure()).isEqualTo(failed.failure());
            assertSame(restored, failed);
            Specs.Example next = Specs.labelled(1, 9).get(0);
            assertThat(restored.accept(1, next.admitted(), next.target(), null))
                    .hasMessage(failed.accept(1, next.admitted(), next.target(), null)
                            .getMessage());
            restored.flush();
            assertThat(restored.updateDue()).isFalse();
        }
    }

    private FptLearner learned(Process process, HeadSpec spec, int examples) {
        FptLearner learner = process.create(spec);
        Random random = new Random(2);
        ObservationReader reader = Specs.reader(substrate, spec.modality());
        for (int n = 0; n < examples; n++) {
            Observation observation = observation(spec.modality(), random);
            Target target = target(spec.task(), observation, random);
            Features features = new Features(new float[] {random.nextFloat(), 1}, 1, 1, null);
            if (learner.accept(n, reader.admit(observation), target, features) == null) {
                Specs.update(substrate, learner);
            }
        }
        return learner;
    }

    @Test
    void anOldReplaySampleIsNotGivenAgain() {
        HeadSpec spec = Specs.classifier("a", Pooling.MEAN, Specs.replaying(2, 2, 640));
        try (Process process = new Process()) {
            FptLearner learner = learned(process, spec, 1_000);
            LearnerState first = learner.state(any -> false);
            List<String> stored = first.shared().stream().map(SharedPart::id).toList();
            assertThat(stored).hasSize(10);
            Specs.Example one = Specs.labelled(1, 9).get(0);
            learner.accept(1, one.admitted(), one.target(), null);
            LearnerState second = learner.state(stored::contains);
            assertThat(second.shared())
                    .hasSize(10)
                    .allSatisfy(part -> assertThat(part.bytes()).isNull());
            assertThatThrownBy(() -> process.restore(spec, second))
                    .isInstanceOf(UnusableState.class)
                    .hasMessageStartingWith("state: replay: not given (expected: shared part ");
        }
    }

    @ParameterizedTest
    @MethodSource("heads")
    void flippedBytesAreRefused(HeadSpec spec) {
        try (Process process = new Process()) {
            LearnerState state = learned(process, spec, 50).state(any -> false);
            Random random = new Random(3);
            for (int i = 0; i < 400; i++) {
                byte[] flipped = state.own().clone();
                flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
                assertThatThrownBy(() -> process.restore(spec, new LearnerState(flipped, state.shared())))
                        .isInstanceOfSatisfying(
                                UnusableState.class,
                                refused -> assertThat(refused.problem()).isEqualTo(Problem.DAMAGED));
            }
        }
    }

    /** A change behind a right checksum: either refused, or a learner that goes on learning. */
    @ParameterizedTest
    @MethodSource("heads")
    void changedBytesWithARightChecksumAreRefusedOrMakeAWholeLearner(HeadSpec spec) {
        ObservationReader reader = Specs.reader(substrate, spec.modality());
        try (Process process = new Process()) {
            LearnerState state = learned(process, spec, 50).state(any -> false);
            Random random = new Random(3);
            FusedStep step = new FusedStep(substrate);
            int matrices = process.readouts.inverseCovariances();
            int refused = 0;
            for (int i = 0; i < 700; i++) {
                LearnerState hostile = hostile(state, random);
                FptLearner[] made = new FptLearner[1];
                Throwable thrown = catchThrowable(() -> made[0] = process.restore(spec, hostile));
                if (thrown != null) {
                    assertThat(thrown).as("round %d", i).isInstanceOf(UnusableState.class);
                    refused++;
                } else {
                    try (FptLearner learner = made[0]) {
                        goOn(learner, reader, step, new Random(i));
                    }
                }
            }
            assertThat(refused).isPositive();
            assertThat(process.readouts.inverseCovariances()).isEqualTo(matrices);
        }
    }

    private void goOn(FptLearner learner, ObservationReader reader, FusedStep step, Random random) {
        for (int n = 0; n < 12; n++) {
            while (learner.updateDue()) {
                step.run(List.of(learner))
                        .aborted()
                        .forEach(aborted -> assertThat(aborted.cause()).isNull());
            }
            Observation observation = observation(learner.spec().modality(), random);
            Target target = target(learner.spec().task(), observation, random);
            learner.accept(n, reader.admit(observation), target, new Features(new float[2], 1, 1, null));
        }
        learner.snapshot();
        learner.state(any -> false);
    }

    /** One byte of one message changed, and every checksum and id above it made right again. */
    private static LearnerState hostile(LearnerState state, Random random) {
        Learner head = Sealed.open(state.own(), Learner.parser());
        List<SharedPart> shared = new ArrayList<>(state.shared());
        if (head.getFpt().getReplay().getChunksCount() > 0 && random.nextBoolean()) {
            String id = head.getFpt().getReplay().getChunks(0);
            int at = shared.stream().map(SharedPart::id).toList().indexOf(id);
            byte[] changed = changed(shared.get(at).bytes(), random);
            shared.set(at, new SharedPart(Sealed.id(changed), changed));
            Learner.Builder moved = head.toBuilder();
            moved.getFptBuilder().getReplayBuilder().setChunks(0, Sealed.id(changed));
            return new LearnerState(Sealed.of(moved.build()), shared);
        }
        return new LearnerState(changed(state.own(), random), shared);
    }

    private static byte[] changed(byte[] sealed, Random random) {
        byte[] changed = sealed.clone();
        int length = sealed.length - Sealed.HEADER;
        int at = random.nextInt(length);
        changed[Sealed.HEADER + at] = (byte) random.nextInt();
        return Sealed.again(changed);
    }

    @Test
    void numbersThatLeadOutsideOfAnArrayAreRefused() {
        try (Process process = new Process()) {
            HeadSpec symbols = heads().get(8);
            FptLearner learner = learned(process, symbols, 8);
            AdmittedObservation four =
                    Specs.reader(substrate, symbols.modality()).admit(new Observation.Symbols(new int[] {0, 1, 2, 3}));
            assertThat(learner.accept(9, four, new Target.Label("declared"), null))
                    .isNull();
            LearnerState state = learner.state(any -> false);
            Learner head = Sealed.open(state.own(), Learner.parser());
            List<Example> wrong = new ArrayList<>();
            Example sound = head.getFpt().getMinibatch(0);
            wrong.add(sound.toBuilder().setRows(7).build());
            wrong.add(sound.toBuilder().setRows(0).build());
            wrong.add(sound.toBuilder().clearColumns().build());
            wrong.add(sound.toBuilder().setTokenIds(sound.getColumns()).build());
            Example.Builder outputs = sound.toBuilder();
            outputs.getTruthsBuilder(0).setOutputs(5);
            wrong.add(outputs.build());
            Example.Builder row = sound.toBuilder();
            row.getTruthsBuilder(0).setRow(1);
            wrong.add(row.build());
            for (Example example : wrong) {
                Learner.Builder lying = head.toBuilder();
                lying.getFptBuilder().setMinibatch(0, example);
                assertThatThrownBy(() ->
                                process.restore(symbols, new LearnerState(Sealed.of(lying.build()), state.shared())))
                        .isInstanceOf(UnusableState.class);
            }
            Learner.Builder due = head.toBuilder();
            due.getFptBuilder().setUpdatesDue(2);
            assertThatThrownBy(() -> process.restore(symbols, new LearnerState(Sealed.of(due.build()), state.shared())))
                    .hasMessage("state: updates_due: 2 (expected: 0 to 1)");
            assertThatThrownBy(() -> process.restore(heads().get(9), state))
                    .isInstanceOfSatisfying(
                            UnusableState.class,
                            refused -> assertThat(refused.problem()).isEqualTo(Problem.OTHER_SPECIFICATION));
        }
    }

    @Test
    void otherSubstratesAreRefusedByName() {
        try (Process process = new Process()) {
            HeadSpec spec = heads().get(0);
            LearnerState state = learned(process, spec, 8).state(any -> false);
            Learner other = Sealed.open(state.own(), Learner.parser()).toBuilder()
                    .setSubstrateDigest("another")
                    .build();
            assertThatThrownBy(() -> process.restore(spec, new LearnerState(Sealed.of(other), state.shared())))
                    .hasMessage(
                            "state: substrate digest another (expected: " + "0".repeat(64) + ", the substrate in use)");
        }
    }

    @ParameterizedTest
    @MethodSource("heads")
    void withoutMemoryARestoredHeadIsRefusedByNameAndLeavesNothing(HeadSpec spec) {
        BoundedAccount heap = new BoundedAccount("heap", Long.MAX_VALUE);
        BoundedAccount outside = new BoundedAccount("native", Long.MAX_VALUE);
        try (Process process = new Process(new HeadMemory(heap, outside))) {
            LearnerState state;
            try (FptLearner learner = learned(process, spec, 50)) {
                state = learner.state(any -> false);
            }
            assertThat(heap.used()).isZero();
            long needed;
            try (FptLearner ignored = process.restore(spec, state)) {
                needed = heap.used();
            }
            for (int share = 0; share < 20; share++) {
                heap.limit(needed * share / 20);
                assertThatThrownBy(() -> process.restore(spec, state))
                        .isInstanceOfSatisfying(
                                Refused.class,
                                refused -> assertThat(refused.reason()).isEqualTo(Reason.MEMORY_LIMIT))
                        .hasMessageContaining(spec.name().toString());
                assertThat(heap.used() + outside.used()).isZero();
                assertThat(process.readouts.inverseCovariances()).isZero();
            }
            heap.limit(needed);
            process.restore(spec, state).close();
        }
    }

    @Test
    void statesOfVersionOneAreStillRead() throws Exception {
        HeadSpec spec = Specs.spec("stored", Specs.ROWS, FOUR_LABELS, Pooling.MEAN, withBaseline(), 5);
        LearnerState state = StoredVersion.read("fpt");
        try (Process process = new Process(HeadMemory.UNLIMITED, new byte[Learners.DIGEST_KEY_BYTES]);
                FptLearner head = process.restore(spec, state)) {
            assertThat(head.metrics().examples()).isEqualTo(28);
            assertThat(head.metrics().updates()).isEqualTo(3 * 7);
            assertThat(head.state(any -> false).own()).isEqualTo(state.own());
            assertThat(head.snapshot().labels()).hasSize(4);
        }
    }

    @Test
    void aStateIsNotTakenWhileAnUpdateIsUnderWay() {
        try (Process process = new Process()) {
            FptLearner learner = process.create(heads().get(9));
            Specs.Example one = Specs.labelled(1, 9).get(0);
            learner.accept(1, one.admitted(), one.target(), null);
            learner.begin();
            assertThatThrownBy(() -> learner.state(any -> false)).isInstanceOf(IllegalStateException.class);
        }
    }
}
