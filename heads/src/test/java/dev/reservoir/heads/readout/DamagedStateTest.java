// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.reservoir.heads.BoundedAccount;
import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.HeadMemory;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.KeyedEncoder;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearnerState.SharedPart;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.UnusableState.Problem;
import dev.reservoir.heads.state.Sealed;
import dev.reservoir.state.v1.CovarianceRows;
import dev.reservoir.state.v1.Learner;
import dev.reservoir.state.v1.LeastSquares;
import dev.reservoir.v1.Head;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever bytes are given as a state, they are refused by name and leave nothing behind, or make a whole learner. */
final class DamagedStateTest {
    private static final byte[] KEY = Learners.randomKey();
    /** Wide enough for native memory. */
    private static final int F = 132;

    enum Kind {
        GRADIENT(new LearningSpec.Gradient(0.1, 0, 4, 20), 5),
        NARROW(Cases.squares(1, 1), 5),
        WIDE(Cases.squares(1, 0.99), F);

        private final HeadSpec spec;
        private final ObservationEncoder encoder;
        private final List<Item> items;

        Kind(LearningSpec rule, int features) {
            spec = Cases.spec("a", new Task.Classification(List.of("l0"), 8), rule);
            encoder = Cases.encoder("k", features);
            items = Cases.labelled(60, features, 4, 3);
        }
    }

    private final BoundedAccount heap = new BoundedAccount("heap", Long.MAX_VALUE);
    private final BoundedAccount outside = new BoundedAccount("native", Long.MAX_VALUE);
    private final Learners learners = new Learners(new HeadMemory(heap, outside), KEY);

    private LearnerState state(Kind kind) {
        try (Learners others = new Learners(HeadMemory.UNLIMITED, KEY);
                FeatureLearner head = others.create(kind.spec, kind.encoder)) {
            head.learn(kind.items.subList(0, 45));
            return head.state(any -> false);
        }
    }

    @BeforeEach
    void nothingIsHere() {
        assertNothingIsHere();
    }

    @AfterEach
    void nothingIsLeft() {
        assertNothingIsHere();
        learners.close();
    }

    private void assertNothingIsHere() {
        assertThat(learners.inverseCovariances()).isZero();
        assertThat(learners.covariances().families()).isZero();
        assertThat(learners.covariances().memory().getManagedArrays()).isEmpty();
        assertThat(heap.used() + outside.used()).isZero();
    }

    private AbstractThrowableAssert<?, ?> assertRefused(Kind kind, LearnerState state) {
        return assertThatThrownBy(() ->
                        Cases.restore(learners, kind.spec, kind.encoder, state).close())
                .isInstanceOf(UnusableState.class);
    }

    private AbstractThrowableAssert<?, ?> assertRefused(Problem problem, Kind kind, LearnerState state) {
        return assertRefused(kind, state)
                .satisfies(refused -> assertThat(((UnusableState) refused).problem())
                        .as(refused.getMessage())
                        .isEqualTo(problem));
    }

    /** The byte arrays of a state one by one, each replaced and put back into the whole. */
    private static List<LearnerState> each(LearnerState state, UnaryOperator<byte[]> change) {
        List<LearnerState> changed = new ArrayList<>();
        changed.add(new LearnerState(change.apply(state.own()), state.shared()));
        for (int i = 0; i < state.shared().size(); i++) {
            List<SharedPart> parts = new ArrayList<>(state.shared());
            parts.set(
                    i,
                    new SharedPart(parts.get(i).id(), change.apply(parts.get(i).bytes())));
            changed.add(new LearnerState(state.own(), parts));
        }
        return changed;
    }

    @ParameterizedTest
    @EnumSource
    void everyLengthThatIsTooShortIsRefused(Kind kind) {
        LearnerState state = state(kind);
        Random random = new Random(1);
        for (int i = 0; i < 300; i++) {
            boolean header = i < 20;
            int cut = i;
            each(state, bytes -> Arrays.copyOf(bytes, header ? cut : random.nextInt(bytes.length)))
                    .forEach(cutOff -> assertRefused(Problem.DAMAGED, kind, cutOff));
        }
        each(state, bytes -> Arrays.copyOf(bytes, bytes.length + 1))
                .forEach(longer -> assertRefused(Problem.DAMAGED, kind, longer));
    }

    @ParameterizedTest
    @EnumSource
    void everyFlippedByteIsRefused(Kind kind) {
        LearnerState state = state(kind);
        byte[] own = state.own();
        for (int at = 0; at < own.length; at++) {
            byte[] flipped = own.clone();
            flipped[at] ^= (byte) (1 << (at % 8));
            assertRefused(Problem.DAMAGED, kind, new LearnerState(flipped, state.shared()));
        }
        Random random = new Random(1);
        for (int i = 0; i < 300; i++) {
            each(state, bytes -> {
                        byte[] flipped = bytes.clone();
                        flipped[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                        return flipped;
                    })
                    .forEach(flipped -> assertRefused(Problem.DAMAGED, kind, flipped));
        }
    }

    @ParameterizedTest
    @EnumSource
    void flippedBytesWithARightChecksumAreRefusedOrMakeAWholeLearner(Kind kind) {
        LearnerState state = state(kind);
        Random random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 2_000; i++) {
            LearnerState hostile = hostile(state, random);
            Throwable thrown = catchThrowable(() -> {
                try (FeatureLearner head = Cases.restore(learners, kind.spec, kind.encoder, hostile)) {
                    head.learn(kind.items);
                    head.snapshot().predict(kind.items.get(0).features(), 8);
                    head.metrics();
                    head.state(any -> false);
                }
            });
            if (thrown != null) {
                assertThat(thrown).as("round %d", i).isInstanceOf(UnusableState.class);
                refused++;
            }
            assertNothingIsHere();
        }
        assertThat(refused).isPositive();
    }

    /** One byte of one message changed, and every checksum and id above it made right again. */
    private static LearnerState hostile(LearnerState state, Random random) {
        byte[] own = state.own();
        if (state.shared().isEmpty() || random.nextInt(3) == 0) {
            return new LearnerState(changed(own, random), state.shared());
        }
        SharedPart base = state.shared().get(0);
        SharedPart rows = state.shared().get(1);
        byte[] rowBytes = rows.bytes();
        byte[] baseBytes = base.bytes();
        if (random.nextBoolean()) {
            rowBytes = changed(rowBytes, random);
        } else {
            baseBytes = changed(baseBytes, random);
            CovarianceRows moved = Sealed.open(rowBytes, CovarianceRows.parser());
            rowBytes = Sealed.of(moved.toBuilder().setBase(Sealed.id(baseBytes)).build());
        }
        Learner.Builder head = Sealed.open(own, Learner.parser()).toBuilder();
        head.getReadoutBuilder().getLeastSquaresBuilder().setRows(Sealed.id(rowBytes));
        return new LearnerState(
                Sealed.of(head.build()),
                List.of(
                        new SharedPart(Sealed.id(baseBytes), baseBytes),
                        new SharedPart(Sealed.id(rowBytes), rowBytes)));
    }

    private static byte[] changed(byte[] sealed, Random random) {
        byte[] changed = sealed.clone();
        // Most structure is in the first bytes and the last.
        int length = sealed.length - Sealed.HEADER;
        int at = random.nextBoolean() ? random.nextInt(length) : random.nextInt(Math.min(length, 200));
        at = random.nextInt(4) == 0 ? length - 1 - at : at;
        changed[Sealed.HEADER + at] = (byte) random.nextInt();
        return Sealed.again(changed);
    }

    @Test
    void otherVersionsAreRefusedByName() {
        for (Kind kind : Kind.values()) {
            each(state(kind), bytes -> {
                        byte[] newer = bytes.clone();
                        newer[4] = 2;
                        return Sealed.again(newer);
                    })
                    .stream()
                    .limit(1)
                    .forEach(newer -> assertRefused(Problem.UNKNOWN_VERSION, kind, newer)
                            .hasMessage("state: head: version 2 (expected: 1)"));
        }
    }

    @Test
    void lengthsThatLieAreRefusedBeforeAnythingIsAllocated() {
        Kind kind = Kind.WIDE;
        LearnerState state = state(kind);
        Learner head = Sealed.open(state.own(), Learner.parser());
        LeastSquares squares = head.getReadout().getLeastSquares();
        for (int outputs : new int[] {5, 7, 8, 9, 1 << 20, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
            Learner.Builder lying = head.toBuilder();
            lying.getReadoutBuilder().setLeastSquares(squares.toBuilder().setOutputs(outputs));
            assertRefused(Problem.DAMAGED, kind, new LearnerState(Sealed.of(lying.build()), state.shared()))
                    .hasMessageMatching("state: (outputs|least_squares.weights): .*");
        }
        Learner.Builder wide = head.toBuilder();
        wide.getReadoutBuilder().setFeatureWidth(Integer.MAX_VALUE);
        assertRefused(Problem.DAMAGED, kind, new LearnerState(Sealed.of(wide.build()), state.shared()))
                .hasMessage("state: feature_width: 2147483647 (expected: 132)");
        Learner.Builder ring = head.toBuilder();
        ring.getReadoutBuilder()
                .getMetricsBuilder()
                .setPosition(Integer.MAX_VALUE)
                .setWrapped(true);
        assertRefused(Problem.DAMAGED, kind, new LearnerState(Sealed.of(ring.build()), state.shared()))
                .hasMessageContaining("metrics.position");
    }

    @Test
    void aHeadWithoutWhatItRefersToIsRefused() {
        LearnerState state = state(Kind.WIDE);
        assertRefused(Problem.MISSING_PART, Kind.WIDE, new LearnerState(state.own(), List.of()))
                .hasMessageStartingWith("state: rows: not given (expected: shared part ");
        SharedPart rows = state.shared().get(1);
        SharedPart stored = new SharedPart(state.shared().get(0).id(), null);
        assertRefused(Problem.MISSING_PART, Kind.WIDE, new LearnerState(state.own(), List.of(stored, rows)))
                .hasMessageStartingWith("state: covariance: not given (expected: shared part ");
    }

    @Test
    void otherHeadsAreRefusedByName() {
        LearnerState state = state(Kind.NARROW);
        HeadSpec spec = Kind.NARROW.spec;
        List<HeadSpec> others = List.of(
                spec.withLearning(Cases.squares(2, 1)),
                spec.withLearning(Cases.squares(1, 1).withMetricWindow(3)),
                spec.withTask(new Task.Classification(List.of("l0", "l1"), 8)),
                spec.withTask(new Task.Regression(4)),
                new HeadSpec(spec.name(), spec.modality(), spec.task(), spec.encoder(), spec.learning(), 9),
                Kind.GRADIENT.spec);
        List<String> messages = new ArrayList<>();
        for (HeadSpec other : others) {
            UnusableState refused =
                    (UnusableState) catchThrowable(() -> Cases.restore(learners, other, Kind.NARROW.encoder, state));
            assertThat(refused.problem()).isEqualTo(Problem.OTHER_SPECIFICATION);
            messages.add(refused.getMessage());
        }
        assertThat(messages)
                .containsExactly(
                        "state: learning.least_squares.ridge: 1.0 (expected: 2.0, as the head has it)",
                        "state: learning.metric_window: 256 (expected: 3, as the head has it)",
                        "state: task.classification.labels: 1 entries (expected: 2 entries, as the head has it)",
                        "state: task.regression: nothing (expected: another, as the head has it)",
                        "state: seed: 0 (expected: 9, as the head has it)",
                        "state: learning.gradient: nothing (expected: another, as the head has it)");
    }

    @Test
    void fieldsThatAnOlderProgramDidNotKnowHaveTheirDefaults() throws Exception {
        Kind kind = Kind.NARROW;
        LearnerState state = state(kind);
        Learner stored = Sealed.open(state.own(), Learner.parser());
        Head.Builder spec = Head.parseFrom(stored.getSpec()).toBuilder();
        assertThat(spec.getLearning().getMetricWindow()).isEqualTo(256);
        spec.getLearningBuilder().clearMetricWindow();
        Learner older = stored.toBuilder().setSpec(spec.build().toByteString()).build();
        Cases.restore(learners, kind.spec, kind.encoder, new LearnerState(Sealed.of(older), state.shared()))
                .close();
        Head newer = spec.setUnknownFields(UnknownFieldSet.newBuilder()
                        .addField(
                                4_000,
                                UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                        .build())
                .build();
        Learner unknown = stored.toBuilder().setSpec(newer.toByteString()).build();
        assertRefused(Problem.DAMAGED, kind, new LearnerState(Sealed.of(unknown), state.shared()))
                .hasMessage("state: spec: fields that are not known (expected: known ones)");
    }

    @Test
    void aHeadOfAnotherNameGoesOnFromTheSameState() {
        Kind kind = Kind.NARROW;
        HeadSpec spec = Cases.spec("fork", kind.spec.task(), kind.spec.learning());
        try (FeatureLearner fork = Cases.restore(learners, spec, kind.encoder, state(kind))) {
            assertThat(fork.metrics().examples()).isEqualTo(45);
            assertThat(fork.spec()).isEqualTo(spec);
        }
    }

    @Test
    void otherSubstratesAreRefusedByName() {
        for (Kind kind : Kind.values()) {
            LearnerState state = state(kind);
            EncoderKey key = ((KeyedEncoder) kind.encoder).key();
            EncoderKey other = new EncoderKey("z", key.modality(), key.pooling(), key.pooledWidth(), key.rawWidth());
            ObservationEncoder encoder = new KeyedEncoder(other, kind.encoder.featureWidth());
            assertThatThrownBy(() -> Cases.restore(learners, kind.spec, encoder, state))
                    .hasMessage("state: substrate digest k (expected: z, the substrate in use)");
        }
    }

    @Test
    void digestsOfAnotherKeyAreRefusedByName() {
        LearnerState state = state(Kind.WIDE);
        try (Learners others = new Learners()) {
            assertThatThrownBy(() -> Cases.restore(others, Kind.WIDE.spec, Kind.WIDE.encoder, state))
                    .isInstanceOf(UnusableState.class)
                    .hasMessage("state: rows: digests of another key (expected: this server's digest key)");
            assertThat(others.covariances().memory().getManagedArrays()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void withoutMemoryARestoredHeadIsRefusedByNameAndLeavesNothing(Kind kind) {
        LearnerState state = state(kind);
        long heapNeeded;
        long outsideNeeded;
        try (FeatureLearner head = Cases.restore(learners, kind.spec, kind.encoder, state)) {
            assertThat(head.metrics().examples()).isEqualTo(45);
            heapNeeded = heap.used();
            outsideNeeded = outside.used();
        }
        for (int share = 0; share < 20; share++) {
            heap.limit(heapNeeded * share / 20);
            assertNoMemory(kind, state);
        }
        heap.limit(heapNeeded);
        for (int share = 0; share < 5 && outsideNeeded > 0; share++) {
            outside.limit(outsideNeeded * share / 5);
            assertNoMemory(kind, state);
        }
        outside.limit(outsideNeeded);
        Cases.restore(learners, kind.spec, kind.encoder, state).close();
    }

    @Test
    void aHeadOfAnotherHistoryIsRefusedByNameIfThereIsNoMemoryForItsMatrix() {
        Kind kind = Kind.WIDE;
        List<LearnerState> states = new ArrayList<>();
        for (int history = 0; history < 3; history++) {
            try (Learners others = new Learners(HeadMemory.UNLIMITED, KEY);
                    FeatureLearner head = others.create(kind.spec, kind.encoder)) {
                head.learn(Cases.labelled(45, F, 4, history));
                states.add(head.state(any -> false));
            }
        }
        try (FeatureLearner first = Cases.restore(learners, kind.spec, kind.encoder, states.get(0));
                FeatureLearner second = Cases.restore(learners, kind.spec, kind.encoder, states.get(1))) {
            outside.limit(outside.used());
            assertThat(learners.inverseCovariances()).isEqualTo(2);
            assertThatThrownBy(() -> Cases.restore(learners, kind.spec, kind.encoder, states.get(2)))
                    .isInstanceOf(Refused.class)
                    .hasMessageStartingWith("tenants/acme/heads/a: native: ");
            assertThat(learners.inverseCovariances()).isEqualTo(2);
            assertThat(first.learn(kind.items)).containsOnlyNulls();
            assertThat(second.metrics().examples()).isEqualTo(45);
        }
    }

    private void assertNoMemory(Kind kind, LearnerState state) {
        assertThatThrownBy(() -> Cases.restore(learners, kind.spec, kind.encoder, state))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.MEMORY_LIMIT))
                .hasMessageContaining(kind.spec.name().toString());
        assertNothingIsHere();
    }

    @Test
    void numbersThatAreNotFiniteAreRefused() {
        LearnerState state = state(Kind.GRADIENT);
        Learner.Builder head = Sealed.open(state.own(), Learner.parser()).toBuilder();
        byte[] weights = head.getReadout().getGradient().getWeights().toByteArray();
        weights[2] = (byte) 0xc0;
        weights[3] = (byte) 0x7f;
        head.getReadoutBuilder().getGradientBuilder().setWeights(ByteString.copyFrom(weights));
        assertRefused(Problem.DAMAGED, Kind.GRADIENT, new LearnerState(Sealed.of(head.build()), List.of()))
                .hasMessage("state: gradient.weights: NaN (expected: finite numbers)");
    }
}
