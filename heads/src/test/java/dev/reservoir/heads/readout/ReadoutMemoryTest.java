// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.BoundedAccount;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.HeadFootprint;
import dev.reservoir.heads.HeadMemory;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What readouts reserve before they allocate it, and what happens when there is no more. */
final class ReadoutMemoryTest {
    private static final int F = 140;
    private static final Task TASK = new Task.Classification(List.of(), 8);
    private static final long MATRIX =
            HeadFootprint.of(TASK, Cases.squares(1, 1), F).nativeBytes();

    private final BoundedAccount heap = new BoundedAccount("heap", Long.MAX_VALUE);
    private final BoundedAccount outside = new BoundedAccount("native", Long.MAX_VALUE);
    private final Learners learners = new Learners(new HeadMemory(heap, outside));

    @AfterEach
    void nothingStaysReserved() {
        assertThat(heap.used()).isZero();
        assertThat(outside.used()).isZero();
        learners.close();
    }

    private FeatureLearner head(String name) {
        return learners.create(Cases.spec(name, TASK, Cases.squares(1, 1)), Cases.encoder("k", F));
    }

    private static List<Item> items(int count, int seed) {
        return Cases.labelled(count, F, 4, seed);
    }

    @Test
    void aHeadReservesItsMatrixWhenItIsCreated() {
        FeatureLearner head = head("a");
        assertThat(outside.used()).isEqualTo(MATRIX);
        long heapBefore = heap.used();
        head.learn(items(300, 1));
        assertThat(learners.inverseCovariances()).isEqualTo(1);
        assertThat(outside.most()).isEqualTo(MATRIX);
        assertThat(heap.used()).isGreaterThan(heapBefore);
        head.close();
        head.close();
    }

    @Test
    void headsOfOneHistoryReserveTwoMatricesHoweverManyThereAre() {
        List<FeatureLearner> heads = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            heads.add(head("h" + i));
        }
        assertThat(outside.used()).isEqualTo(2 * MATRIX);
        outside.limit(2 * MATRIX);
        List<Item> items = items(200, 1);
        for (int from = 0; from < 200; from += 20) {
            for (FeatureLearner head : heads) {
                assertThat(head.learn(items.subList(from, from + 20))).containsOnlyNulls();
            }
        }
        heads.forEach(FeatureLearner::close);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 31, 32, 33, 100})
    void whatIsReservedCoversWhatIsUsed(int step) {
        List<FeatureLearner> heads = List.of(head("a"), head("b"), head("c"), head("d"));
        Random random = new Random(step);
        for (int round = 0; round < 12; round++) {
            long used = 0;
            for (int i = 0; i < heads.size(); i++) {
                // The first two share a history; the others depart from it now and then.
                int seed = i < 2 || random.nextBoolean() ? round : 100 * i + round;
                heads.get(i).learn(items(step, seed));
                used = Math.max(used, heads.get(i).residentBytes());
            }
            assertThat(heap.used() + outside.used()).isGreaterThanOrEqualTo(used);
            assertThat(outside.used()).isGreaterThanOrEqualTo(learners.inverseCovariances() * MATRIX);
        }
        heads.forEach(FeatureLearner::close);
    }

    @Test
    void aNarrowMatrixIsPartOfTheHeap() {
        int width = 100;
        Task task = new Task.Regression(1);
        FeatureLearner head =
                learners.create(Cases.spec("narrow", task, Cases.squares(1, 1)), Cases.encoder("k", width));
        HeadFootprint foretold = HeadFootprint.of(task, Cases.squares(1, 1), width);
        assertThat(foretold.nativeBytes()).isZero();
        assertThat(outside.used()).isZero();
        assertThat(heap.used()).isGreaterThan(foretold.heapBytes());
        head.close();
    }

    @Test
    void aHeadForWhichThereIsNoMatrixIsRefusedByName() {
        FeatureLearner first = head("first");
        outside.limit(MATRIX + 1);
        long heapBefore = heap.used();
        assertThatThrownBy(
                        () -> learners.create(Cases.spec("second", TASK, Cases.squares(2, 1)), Cases.encoder("k", F)))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.MEMORY_LIMIT))
                .hasMessageContaining("heads/second: native: ");
        assertThat(heap.used()).isEqualTo(heapBefore);
        assertThat(outside.used()).isEqualTo(MATRIX);
        first.close();
    }

    @Test
    void aHistoryThatDepartsIsRefusedWithoutMemoryAndLearnedOnceThereIsSome() {
        FeatureLearner left = head("left");
        FeatureLearner right = head("right");
        FeatureLearner third = head("third");
        outside.limit(2 * MATRIX);
        left.learn(items(40, 1));
        right.learn(items(40, 2));

        List<Refused> answers = third.learn(items(40, 3));

        // A block of rows needs no matrix; what comes after it does.
        assertThat(answers.subList(0, 32)).containsOnlyNulls();
        assertThat(answers.subList(32, 40)).allSatisfy(refused -> {
            assertThat(refused.reason()).isEqualTo(Reason.MEMORY_LIMIT);
            assertThat(refused).hasMessageContaining("heads/third: native: " + MATRIX);
        });
        assertThat(third.failure()).isNull();
        assertThat(third.metrics().examples()).isEqualTo(32);
        assertThat(left.learn(items(100, 4))).containsOnlyNulls();

        right.close();
        assertThat(third.learn(items(40, 3).subList(32, 40))).containsOnlyNulls();
        assertThat(Cases.weights(third)).isDeepEqualTo(alone(items(40, 3)));
        left.close();
        third.close();
    }

    private static float[][] alone(List<Item> items) {
        try (Learners others = new Learners();
                FeatureLearner learner =
                        others.create(Cases.spec("alone", TASK, Cases.squares(1, 1)), Cases.encoder("k", F))) {
            learner.learn(items);
            return Cases.weights(learner);
        }
    }

    @Test
    void aLabelForWhichThereIsNoMemoryIsRefusedAndTheOthersAreLearned() {
        for (LearningSpec learning : List.of(Cases.squares(1, 1), new LearningSpec.Gradient(1e-2, 0, 1, 8))) {
            FeatureLearner head = learners.create(Cases.spec("a", TASK, learning), Cases.encoder("k", F));
            head.learn(List.of(Cases.label(new float[F], "known")));
            heap.limit(heap.used());

            List<Refused> answers = head.learn(List.of(
                    Cases.label(new float[F], "known"),
                    Cases.label(new float[F], "unknown"),
                    Cases.label(new float[F], "known")));

            assertThat(answers.get(0)).isNull();
            assertThat(answers.get(1).reason()).isEqualTo(Reason.MEMORY_LIMIT);
            assertThat(answers.get(1)).hasMessageContaining("heads/a: heap: ");
            assertThat(answers.get(2)).isNull();
            assertThat(head.snapshot().labels()).containsExactly("known");

            heap.limit(Long.MAX_VALUE);
            assertThat(head.learn(List.of(Cases.label(new float[F], "unknown"))))
                    .containsOnlyNulls();
            assertThat(head.snapshot().labels()).containsExactly("known", "unknown");
            head.close();
        }
    }

    @Test
    void anUpdateForWhichThereIsNoMemoryIsRefusedAndChangesNothing() {
        FeatureLearner head = head("a");
        heap.limit(heap.used());
        HeadSpec more = Cases.spec("a", new Task.Classification(List.of("x", "y"), 8), Cases.squares(1, 1));
        assertThatThrownBy(() -> head.update(more)).isInstanceOf(Refused.class);
        assertThat(head.snapshot().labels()).isEmpty();
        heap.limit(Long.MAX_VALUE);
        head.update(more);
        assertThat(head.snapshot().labels()).containsExactly("x", "y");
        head.close();
    }
}
