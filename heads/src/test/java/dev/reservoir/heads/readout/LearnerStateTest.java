// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import dev.reservoir.heads.BoundedAccount;
import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadMemory;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.KeyedEncoder;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearnerState.SharedPart;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Target.TokenSet;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.state.StoredVersion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A learner that goes on from a state is the one it was taken from, to the bit. */
final class LearnerStateTest {
    private static final int F = 12;
    private static final byte[] KEY = Learners.randomKey();

    static List<Arguments> tasksAndRules() {
        List<Task> tasks = List.of(
                new Task.Classification(List.of("declared"), 6),
                new Task.MultiLabel(List.of(), 6),
                new Task.TokenClassification(List.of(), 6),
                new Task.TokenMultiLabel(List.of(), 6),
                new Task.Regression(3),
                new Task.Forecast(2, 2));
        List<LearningSpec> rules = List.of(
                new LearningSpec.RecursiveLeastSquares(1, 1, 20),
                new LearningSpec.RecursiveLeastSquares(0.1, 0.95, 20),
                new LearningSpec.Gradient(0.05, 0.01, 1, 20),
                new LearningSpec.Gradient(0.05, 0, 7, 20));
        List<Arguments> cases = new ArrayList<>();
        for (Task task : tasks) {
            rules.forEach(rule -> cases.add(Arguments.of(task, rule)));
        }
        return cases;
    }

    @ParameterizedTest
    @MethodSource("tasksAndRules")
    void goesOnToTheBitFromEveryCutOfAStream(Task task, LearningSpec rule) {
        HeadSpec spec = Cases.spec("a", task, rule);
        ObservationEncoder encoder = Cases.encoder("k", F);
        List<Item> items = items(task, 160, new Random(1));
        Random random = new Random(2);
        try (Learners memory = new Learners(HeadMemory.UNLIMITED, KEY);
                FeatureLearner whole = memory.create(spec, encoder)) {
            Learners disk = new Learners(HeadMemory.UNLIMITED, KEY);
            FeatureLearner restored = disk.create(spec, encoder);
            int at = 0;
            while (at < items.size()) {
                int end = Math.min(items.size(), at + 1 + random.nextInt(9));
                assertThat(messages(restored.learn(items.subList(at, end))))
                        .isEqualTo(messages(whole.learn(items.subList(at, end))));
                at = end;
                for (FeatureLearner learner : List.of(whole, restored)) {
                    change(learner, at);
                }
                LearnerState state = restored.state(any -> false);
                restored.close();
                disk.close();
                disk = new Learners(HeadMemory.UNLIMITED, KEY);
                restored = Cases.restore(disk, whole.spec(), encoder, state);
                assertSame(restored, whole);
                assertThat(restored.state(any -> false).own()).isEqualTo(state.own());
            }
            LearnerState uninterrupted = whole.state(any -> false);
            assertThat(restored.state(any -> false).own()).isEqualTo(uninterrupted.own());
            restored.close();
            disk.close();
        }
    }

    /** Other events of a head's life, at some places of its stream. */
    private static void change(FeatureLearner learner, int at) {
        if (at % 4 == 0) {
            learner.countRefused();
        }
        if (at % 5 == 0) {
            learner.flush();
        }
        if (at % 11 == 0) {
            LearningSpec learning = learner.spec().learning().withMetricWindow(3 + at);
            HeadSpec changed = learner.spec().withLearning(learning);
            List<String> known = learner.snapshot().labels();
            boolean space = known.size() < 6 || known.contains("added");
            learner.update(
                    space && changed.task() instanceof Task.Classification task
                            ? changed.withTask(task.withLabels(List.of("declared", "added")))
                            : changed);
        }
    }

    private static List<String> messages(List<Refused> answers) {
        return answers.stream()
                .map(answer -> answer == null ? "learned" : answer.reason() + answer.getMessage())
                .toList();
    }

    private static void assertSame(FeatureLearner restored, FeatureLearner whole) {
        assertThat(Cases.weights(restored)).isDeepEqualTo(Cases.weights(whole));
        assertThat(restored.snapshot().labels()).isEqualTo(whole.snapshot().labels());
        assertThat(restored.metrics()).isEqualTo(whole.metrics());
        assertThat(restored.failure()).isEqualTo(whole.failure());
        assertThat(restored.residentBytes()).isPositive();
        assertThat(restored.trainableParameters()).isEqualTo(whole.trainableParameters());
    }

    /** A stream of examples of the task, some of which are refused. */
    private static List<Item> items(Task task, int count, Random random) {
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            boolean perToken = task instanceof Task.PerToken;
            int rows = perToken ? 1 + random.nextInt(4) : 1;
            float[] x = new float[rows * F];
            for (int j = 0; j < x.length; j++) {
                x[j] = (float) random.nextGaussian();
            }
            if (random.nextInt(12) == 0) {
                x[random.nextInt(x.length)] = Float.NaN;
            }
            Features.Scale scale = task instanceof Task.Forecast
                    ? new Features.Scale(
                            new float[] {random.nextFloat(), 2}, new float[] {0.5f, random.nextFloat() + 1})
                    : null;
            items.add(new Item(new Features(x, rows, 0, scale), target(task, rows, random)));
        }
        return items;
    }

    private static String label(Random random) {
        // Beyond the limit of labels now and then.
        return "l" + random.nextInt(7);
    }

    private static Target target(Task task, int rows, Random random) {
        if (task instanceof Task.Classification) {
            return new Target.Label(label(random));
        }
        if (task instanceof Task.MultiLabel) {
            return new Target.LabelSet(new TreeSet<>(List.of(label(random), label(random))));
        }
        if (task instanceof Task.TokenClassification) {
            return new Target.TokenLabels(
                    random.ints(rows, 0, 4).mapToObj(c -> c == 0 ? "" : "l" + c).toList());
        }
        if (task instanceof Task.TokenMultiLabel) {
            List<TokenSet> sets = new ArrayList<>();
            for (int i = 0; i < rows; i++) {
                sets.add(new TokenSet(random.nextInt(5) == 0, new int[] {random.nextInt(2)}));
            }
            sets.replaceAll(set -> set.unknown() ? new TokenSet(true, new int[0]) : set);
            return new Target.TokenLabelSets(List.of("l" + random.nextInt(3), "l" + (3 + random.nextInt(3))), sets);
        }
        float[] values = new float[task.maxOutputs()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() * 4 - 2;
        }
        return new Target.Values(values);
    }

    @Test
    void aFailedLearnerComesBackFailedAndServesWhatItServed() {
        HeadSpec spec = Cases.spec("a", new Task.Regression(1), Cases.squares(1e-6, 0.9));
        ObservationEncoder encoder = Cases.encoder("k", 2);
        Random random = new Random(1);
        try (Learners learners = new Learners(HeadMemory.UNLIMITED, KEY);
                FeatureLearner failed = learners.create(spec, encoder)) {
            for (int i = 0; i < 500 && failed.failure() == null; i++) {
                float x = i % 40 == 39 ? 3e38f : random.nextFloat();
                failed.learn(List.of(Cases.values(new float[] {x, random.nextFloat()}, 1e9f * random.nextFloat())));
            }
            assertThat(failed.failure()).startsWith("stopped learning: ");
            Item next = Cases.values(new float[] {1, 1}, 1);
            try (FeatureLearner restored = Cases.restore(learners, spec, encoder, failed.state(any -> false))) {
                assertSame(restored, failed);
                assertThat(messages(restored.learn(List.of(next)))).isEqualTo(messages(failed.learn(List.of(next))));
            }
        }
    }

    /**
     * Narrow and wide matrices, the latter of one block and of several; rows far from 0; with and without forgetting.
     */
    @ParameterizedTest
    @ValueSource(ints = {3, 40, 150, 300})
    void inverseCovariancesComeBackToTheBit(int features) {
        for (double forgetting : new double[] {1, 0.8}) {
            HeadSpec spec = Cases.spec("a", new Task.Regression(1), Cases.squares(0.01, forgetting));
            EncoderKey key = new EncoderKey("far", new ModalitySpec.Tensor(1, features), Pooling.MEAN, 0, features);
            ObservationEncoder encoder = new KeyedEncoder(key, features);
            List<Item> items = new ArrayList<>();
            Random random = new Random(features);
            float[][] rows = Cases.correlated(150, features, 3);
            for (int i = 0; i < rows.length; i++) {
                // The column's unit is the client's own: it begins far away, and then moves much farther.
                float[] x = rows[i];
                for (int j = 0; j < features; j++) {
                    x[j] = 1e-3f * x[j] + (i < 40 ? 0 : 10);
                }
                x[0] = i < 33 ? 5 : x[0];
                items.add(Cases.values(x, random.nextFloat()));
            }
            boolean moved = false;
            try (Learners memory = new Learners(HeadMemory.UNLIMITED, KEY);
                    FeatureLearner whole = memory.create(spec, encoder)) {
                Learners disk = new Learners(HeadMemory.UNLIMITED, KEY);
                FeatureLearner restored = disk.create(spec, encoder);
                int at = 0;
                while (at < items.size()) {
                    int end = Math.min(items.size(), at + 1 + random.nextInt(features > 100 ? 40 : 9));
                    whole.learn(items.subList(at, end));
                    restored.learn(items.subList(at, end));
                    at = end;
                    LearnerState state = restored.state(any -> false);
                    restored.close();
                    assertThat(arrays(disk)).isEmpty();
                    disk.close();
                    disk = new Learners(HeadMemory.UNLIMITED, KEY);
                    restored = Cases.restore(disk, spec, encoder, state);
                    assertSame(restored, whole);
                    assertThat(base(restored)).isEqualTo(base(whole));
                    assertThat(ids(restored)).isEqualTo(ids(whole));
                    moved |= reader(whole).frame().scaling().shift()[features - 1] > 5;
                }
                restored.close();
                disk.close();
            }
            assertThat(moved).as("the centre moved").isEqualTo(forgetting < 1);
        }
    }

    private static CovarianceReader reader(FeatureLearner learner) {
        return ((LeastSquaresRule) ((ReadoutLearner) learner).rule()).reader();
    }

    private static double[] base(FeatureLearner learner) {
        return reader(learner).base();
    }

    private static List<String> ids(FeatureLearner learner) {
        return learner.state(any -> false).shared().stream().map(SharedPart::id).toList();
    }

    private static List<?> arrays(Learners learners) {
        NDManager memory = learners.covariances().memory();
        return memory.getManagedArrays();
    }

    /** Heads with one trunk that fork from it, at different rows of a block and of the stream. */
    @ParameterizedTest
    @ValueSource(doubles = {1, 0.95})
    void headsThatSharedShareAgain(double forgetting) {
        int features = 140;
        List<Item> trunk = Cases.labelled(200, features, 4, 3);
        Random random = new Random(4);
        List<List<Item>> streams = new ArrayList<>();
        List<Integer> learned = new ArrayList<>();
        for (int i = 0; i < 14; i++) {
            int fork = i < 7 ? 200 : 30 * (i % 4) + random.nextInt(30);
            List<Item> stream = new ArrayList<>(trunk.subList(0, fork));
            stream.addAll(Cases.labelled(200 - fork, features, 4, 10 + i % 3));
            streams.add(stream);
            learned.add(i < 3 ? 77 : 60 + random.nextInt(60));
        }
        HeadSpec spec = Cases.spec("a", new Task.Classification(List.of(), 8), Cases.squares(1, forgetting));
        ObservationEncoder encoder = Cases.encoder("k", features);
        Map<String, byte[]> store = new HashMap<>();
        List<byte[]> owned = new ArrayList<>();
        List<List<String>> parts = new ArrayList<>();
        int matrices;
        List<float[][]> expected = new ArrayList<>();
        try (Learners learners = new Learners(HeadMemory.UNLIMITED, KEY)) {
            List<FeatureLearner> heads = new ArrayList<>();
            for (int i = 0; i < streams.size(); i++) {
                heads.add(learners.create(spec, encoder));
                Cases.learnInCuts(heads.get(i), streams.get(i).subList(0, learned.get(i)), random, 20);
            }
            matrices = learners.inverseCovariances();
            int blocks = learners.covariances().blocks();
            int given = 0;
            for (FeatureLearner head : heads) {
                LearnerState state = head.state(store::containsKey);
                owned.add(state.own());
                parts.add(state.shared().stream().map(SharedPart::id).toList());
                for (SharedPart part : state.shared()) {
                    if (part.bytes() != null) {
                        assertThat(store.put(part.id(), part.bytes())).isNull();
                        given++;
                    }
                }
            }
            // Each inverse covariance once, and the rows of each place in a block.
            assertThat(given).isEqualTo(store.size()).isLessThan(2 * heads.size());
            assertThat(matrices).isLessThan(blocks + 1);
            for (int i = 0; i < heads.size(); i++) {
                heads.get(i).learn(streams.get(i).subList(learned.get(i), 200));
                expected.add(Cases.weights(heads.get(i)));
                heads.get(i).close();
            }
        }
        try (Learners learners = new Learners(HeadMemory.UNLIMITED, KEY)) {
            List<FeatureLearner> heads = new ArrayList<>();
            for (int i = 0; i < owned.size(); i++) {
                List<SharedPart> needed = parts.get(i).stream()
                        .map(id -> new SharedPart(id, store.get(id)))
                        .toList();
                heads.add(Cases.restore(learners, spec, encoder, new LearnerState(owned.get(i), needed)));
            }
            assertThat(learners.inverseCovariances()).isEqualTo(matrices);
            for (int i = heads.size() - 1; i >= 0; i--) {
                Cases.learnInCuts(heads.get(i), streams.get(i).subList(learned.get(i), 200), random, 20);
                assertThat(Cases.weights(heads.get(i))).as("head %d", i).isDeepEqualTo(expected.get(i));
            }
            heads.forEach(FeatureLearner::close);
            assertThat(learners.inverseCovariances()).isZero();
            assertThat(learners.covariances().families()).isZero();
            assertThat(arrays(learners)).isEmpty();
        }
    }

    /** Heads of one history are saved, restored and closed by several threads at once, while others learn. */
    @Test
    void statesAreTakenAndRestoredByManyThreadsAtOnce() throws Exception {
        int features = 140;
        HeadSpec spec = Cases.spec("a", new Task.Classification(List.of(), 8), Cases.squares(1, 0.9));
        ObservationEncoder encoder = Cases.encoder("k", features);
        List<Item> items = Cases.labelled(120, features, 4, 3);
        float[][] expected;
        try (Learners alone = new Learners(HeadMemory.UNLIMITED, KEY);
                FeatureLearner head = alone.create(spec, encoder)) {
            head.learn(items);
            expected = Cases.weights(head);
        }
        ExecutorService threads = Executors.newFixedThreadPool(4);
        BoundedAccount heap = new BoundedAccount("heap", Long.MAX_VALUE);
        BoundedAccount outside = new BoundedAccount("native", Long.MAX_VALUE);
        try (Learners learners = new Learners(new HeadMemory(heap, outside), KEY)) {
            for (int round = 0; round < 25; round++) {
                CyclicBarrier together = new CyclicBarrier(4);
                List<Callable<float[][]>> walks = new ArrayList<>();
                for (int thread = 0; thread < 4; thread++) {
                    Random random = new Random(10 * round + thread);
                    walks.add(() -> {
                        together.await();
                        FeatureLearner head = learners.create(spec, encoder);
                        int at = 0;
                        while (at < items.size()) {
                            int end = Math.min(items.size(), at + 1 + random.nextInt(30));
                            head.learn(items.subList(at, end));
                            at = end;
                            LearnerState state = head.state(any -> false);
                            if (random.nextBoolean()) {
                                head.close();
                            }
                            FeatureLearner restored = Cases.restore(learners, spec, encoder, state);
                            head.close();
                            head = restored;
                        }
                        float[][] weights = Cases.weights(head);
                        head.close();
                        return weights;
                    });
                }
                for (Future<float[][]> walk : threads.invokeAll(walks)) {
                    assertThat(walk.get()).as("round %d", round).isDeepEqualTo(expected);
                }
                assertThat(learners.covariances().families()).isZero();
                assertThat(arrays(learners)).as("round %d", round).isEmpty();
                assertThat(heap.used() + outside.used()).as("round %d", round).isZero();
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void aRestoredHeadJoinsOneThatHasLearnedTheSame() {
        List<Item> items = Cases.labelled(100, F, 4, 3);
        HeadSpec spec = Cases.spec("a", new Task.Classification(List.of(), 8), Cases.squares(1, 1));
        ObservationEncoder encoder = Cases.encoder("k", F);
        try (Learners learners = new Learners(HeadMemory.UNLIMITED, KEY);
                FeatureLearner living = learners.create(spec, encoder)) {
            // The state of another process, so that the living head's matrix has no name yet.
            LearnerState early;
            try (Learners others = new Learners(HeadMemory.UNLIMITED, KEY);
                    FeatureLearner other = others.create(spec, encoder)) {
                other.learn(items.subList(0, 70));
                early = other.state(any -> false);
            }
            living.learn(items.subList(0, 90));
            try (FeatureLearner restored = Cases.restore(learners, spec, encoder, early)) {
                assertThat(learners.inverseCovariances()).isEqualTo(1);
                restored.learn(items.subList(70, 100));
                living.learn(items.subList(90, 100));
                assertThat(learners.inverseCovariances()).isEqualTo(1);
                assertSame(restored, living);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gradient", "least-squares"})
    void statesOfVersionOneAreStillRead(String name) throws Exception {
        boolean gradient = name.equals("gradient");
        LearningSpec rule = gradient
                ? new LearningSpec.Gradient(0.05, 0.01, 7, 20)
                : new LearningSpec.RecursiveLeastSquares(0.5, 0.99, 20);
        HeadSpec spec = Cases.spec("stored", new Task.Classification(List.of("declared"), 6), rule);
        LearnerState state = StoredVersion.read(name);
        try (Learners learners = new Learners(HeadMemory.UNLIMITED, new byte[Learners.DIGEST_KEY_BYTES]);
                FeatureLearner head = Cases.restore(learners, spec, Cases.encoder("k", 3), state)) {
            assertThat(head.metrics().examples()).isEqualTo(45);
            assertThat(head.metrics().updates()).isEqualTo(gradient ? 6 : 45);
            assertThat(head.snapshot().labels()).containsExactly("declared", "l1", "l0");
            assertThat(head.state(any -> false).own()).isEqualTo(state.own());
            assertThat(ids(head))
                    .isEqualTo(state.shared().stream().map(SharedPart::id).toList());
            assertThat(head.learn(Cases.labelled(10, 3, 3, 9))).containsOnlyNulls();
        }
    }

    @Test
    void statesAreNotChangedByLaterLearning() {
        ObservationEncoder encoder = Cases.encoder("k", F);
        for (LearningSpec rule : List.of(Cases.squares(1, 1), new LearningSpec.Gradient(0.1, 0, 4, 20))) {
            HeadSpec spec = Cases.spec("a", new Task.Classification(List.of(), 8), rule);
            List<Item> items = Cases.labelled(100, F, 4, 3);
            try (Learners learners = new Learners(HeadMemory.UNLIMITED, KEY);
                    FeatureLearner head = learners.create(spec, encoder)) {
                head.learn(items.subList(0, 50));
                LearnerState state = head.state(any -> false);
                byte[] own = state.own().clone();
                float[][] weights = Cases.weights(head);
                head.learn(items.subList(50, 100));
                assertThat(state.own()).isEqualTo(own);
                try (FeatureLearner restored = Cases.restore(learners, spec, encoder, state)) {
                    assertThat(Cases.weights(restored)).isDeepEqualTo(weights);
                }
            }
        }
    }
}
