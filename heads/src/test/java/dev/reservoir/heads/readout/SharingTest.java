// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SharingTest {
    private static final int F = 30;
    private final Learners learners = new Learners();

    @AfterEach
    void close() {
        learners.close();
    }

    private static HeadSpec spec(String name, double forgetting) {
        return Cases.spec(name, new Task.Classification(List.of(), 8), Cases.squares(1, forgetting));
    }

    private static float[][] unshared(List<Item> items, double forgetting) {
        try (Learners alone = new Learners();
                FeatureLearner learner = alone.create(spec("alone", forgetting), Cases.encoder("k", F))) {
            learner.learn(items);
            return Cases.weights(learner);
        }
    }

    @Test
    void headsWithEqualHistoriesShareOneMatrixWhateverTheirTargets() {
        List<Item> items = Cases.labelled(200, F, 4, 1);
        List<FeatureLearner> heads = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            heads.add(learners.create(spec("h" + i, 1), Cases.encoder("k", F)));
        }
        for (int from = 0; from < 200; from += 20) {
            for (int i = 0; i < heads.size(); i++) {
                List<Item> own = new ArrayList<>();
                for (Item item : items.subList(from, from + 20)) {
                    own.add(
                            i % 2 == 0
                                    ? item
                                    : Cases.label(item.features().values().clone(), "other"));
                }
                heads.get(i).learn(own);
            }
        }
        assertThat(learners.inverseCovariances()).isEqualTo(1);
        assertThat(Cases.weights(heads.get(18))).isDeepEqualTo(unshared(items, 1));
        heads.forEach(FeatureLearner::close);
        assertThat(learners.inverseCovariances()).isZero();
        assertThat(learners.covariances().families()).isZero();
    }

    @Test
    void aLateHeadSharesTheMatrixOnceHistoriesAreEqual() {
        List<Item> items = Cases.labelled(150, F, 4, 2);
        FeatureLearner early = learners.create(spec("early", 1), Cases.encoder("k", F));
        early.learn(items);
        FeatureLearner late = learners.create(spec("late", 1), Cases.encoder("k", F));
        late.learn(items.subList(0, 100));
        assertThat(learners.inverseCovariances()).isEqualTo(2);
        late.learn(items.subList(100, 150));
        assertThat(learners.inverseCovariances()).isEqualTo(1);
        assertThat(Cases.weights(late)).isDeepEqualTo(Cases.weights(early));
    }

    @Test
    void tenantsAndSettingsDoNotShare() {
        List<Item> items = Cases.labelled(40, F, 4, 2);
        FeatureLearner a = learners.create(spec("a", 1), Cases.encoder("k", F));
        FeatureLearner b = learners.create(spec("b", 1), Cases.encoder("another", F));
        FeatureLearner c = learners.create(spec("c", 0.999), Cases.encoder("k", F));
        HeadSpec stranger = spec("d", 1);
        FeatureLearner d = learners.create(
                new HeadSpec(
                        new dev.reservoir.heads.HeadName("umbrella", "d"),
                        stranger.modality(),
                        stranger.task(),
                        stranger.encoder(),
                        stranger.learning(),
                        0),
                Cases.encoder("k", F));
        for (FeatureLearner head : List.of(a, b, c, d)) {
            head.learn(items);
        }
        assertThat(learners.inverseCovariances()).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 0.95})
    void forkedHeadsEqualUnsharedOnesBitForBit(double forgetting) {
        List<Item> trunk = Cases.labelled(300, F, 4, 3);
        Random random = new Random(4);
        List<List<Item>> streams = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int at = random.nextInt(200);
            List<Item> stream = new ArrayList<>(trunk.subList(0, at));
            stream.addAll(Cases.labelled(random.nextInt(100), F, 4, i % 3));
            streams.add(stream);
        }
        List<FeatureLearner> heads = new ArrayList<>();
        for (int i = 0; i < streams.size(); i++) {
            heads.add(learners.create(spec("h" + i, forgetting), Cases.encoder("k", F)));
        }
        int[] at = new int[streams.size()];
        boolean more = true;
        while (more) {
            more = false;
            for (int i = 0; i < at.length; i++) {
                int end = Math.min(streams.get(i).size(), at[i] + random.nextInt(50));
                heads.get(i).learn(streams.get(i).subList(at[i], end));
                at[i] = end;
                more |= end < streams.get(i).size();
            }
        }
        for (int i = 0; i < at.length; i++) {
            assertThat(Cases.weights(heads.get(i))).isDeepEqualTo(unshared(streams.get(i), forgetting));
        }
        heads.forEach(FeatureLearner::close);
        assertThat(learners.inverseCovariances()).isZero();
    }

    @Test
    void headsLearnOnSeveralThreadsAtOnce() throws Exception {
        List<Item> trunk = Cases.labelled(400, F, 4, 5);
        List<Item> other = new ArrayList<>(trunk.subList(0, 170));
        other.addAll(Cases.labelled(200, F, 4, 6));
        float[][] trunkAlone = unshared(trunk, 0.99);
        float[][] otherAlone = unshared(other, 0.99);
        ExecutorService lanes = Executors.newFixedThreadPool(4);
        try {
            for (int round = 0; round < 10; round++) {
                List<FeatureLearner> heads = new ArrayList<>();
                List<Callable<float[][]>> tasks = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    FeatureLearner head = learners.create(spec("h" + i, 0.99), Cases.encoder("k", F));
                    heads.add(head);
                    List<Item> stream = i % 3 == 0 ? other : trunk;
                    Random random = new Random(100L * round + i);
                    tasks.add(() -> {
                        Cases.learnInCuts(head, stream, random, 60);
                        return Cases.weights(head);
                    });
                }
                List<Future<float[][]>> learned = lanes.invokeAll(tasks);
                for (int i = 0; i < 8; i++) {
                    assertThat(learned.get(i).get()).isDeepEqualTo(i % 3 == 0 ? otherAlone : trunkAlone);
                }
                heads.forEach(FeatureLearner::close);
                assertThat(learners.inverseCovariances()).isZero();
            }
        } finally {
            lanes.shutdown();
        }
    }

    @Test
    void closingTwiceOrOnAnotherThreadFreesOnlyTheHeadsOwnMatrix() throws Exception {
        List<Item> items = Cases.labelled(150, F, 4, 7);
        FeatureLearner closed = learners.create(spec("closed", 0.99), Cases.encoder("k", F));
        FeatureLearner open = learners.create(spec("open", 0.99), Cases.encoder("k", F));
        closed.learn(items.subList(0, 100));
        open.learn(items.subList(0, 100));
        float[][] before = Cases.weights(closed);
        for (int i = 0; i < 2; i++) {
            Thread other = new Thread(closed::close);
            other.start();
            other.join();
            closed.close();
        }
        assertThat(learners.inverseCovariances()).isEqualTo(1);
        open.learn(items.subList(100, 150));
        assertThat(Cases.weights(open)).isDeepEqualTo(unshared(items, 0.99));
        assertThat(Cases.weights(closed)).isDeepEqualTo(before);
        assertThat(closed.metrics().examples()).isEqualTo(100);
        open.close();
        assertThat(learners.inverseCovariances()).isZero();
        assertThat(learners.covariances().families()).isZero();
    }

    @Test
    void closingAHeadOnTwoThreadsFreesOnlyItsOwnMatrix() throws Exception {
        List<Item> items = Cases.labelled(150, F, 4, 7);
        float[][] alone = unshared(items, 0.99);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            for (int round = 0; round < 200; round++) {
                FeatureLearner closed = learners.create(spec("closed", 0.99), Cases.encoder("k", F));
                FeatureLearner open = learners.create(spec("open", 0.99), Cases.encoder("k", F));
                closed.learn(items.subList(0, 100));
                open.learn(items.subList(0, 100));
                CyclicBarrier together = new CyclicBarrier(2);
                Callable<Void> close = () -> {
                    together.await();
                    closed.close();
                    return null;
                };
                for (Future<Void> done : threads.invokeAll(List.of(close, close))) {
                    done.get();
                }
                assertThat(learners.inverseCovariances()).isEqualTo(1);
                assertThat(learners.covariances().families()).isEqualTo(1);
                open.learn(items.subList(100, 150));
                assertThat(Cases.weights(open)).isDeepEqualTo(alone);
                open.close();
                assertThat(learners.inverseCovariances()).isZero();
                assertThat(learners.covariances().families()).isZero();
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void aTargetBeyondItsBoundIsRefusedToItsHeadAlone() {
        Task task = new Task.Regression(1);
        LearningSpec loose = Cases.squares(1e-6, 1);
        FeatureLearner refusing = learners.create(Cases.spec("refusing", task, loose), Cases.encoder("k", 2));
        FeatureLearner other = learners.create(Cases.spec("other", task, loose), Cases.encoder("k", 2));
        float[] first = {1e-3f, 0};
        float[] second = {-1e-3f, 0};
        refusing.learn(List.of(Cases.values(first, 1e9f)));
        other.learn(List.of(Cases.values(first, 1)));
        float[][] before = Cases.weights(refusing);

        var answers = refusing.learn(List.of(Cases.values(second, -3e38f), Cases.values(second, 1.001e9f)));
        other.learn(List.of(Cases.values(second, 2), Cases.values(first, 1)));

        assertThat(answers).allSatisfy(answer -> assertThat(answer.reason()).isEqualTo(Reason.WRONG_TARGET));
        assertThat(refusing.failure()).isNull();
        assertThat(refusing.metrics().refused()).isEqualTo(2);
        assertThat(Cases.weights(refusing)).isDeepEqualTo(before);
        assertThat(other.metrics().examples()).isEqualTo(3);
    }
}
