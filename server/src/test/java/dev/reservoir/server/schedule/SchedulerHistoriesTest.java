// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import static dev.reservoir.server.schedule.SchedulerFixture.MILLI;
import static dev.reservoir.server.schedule.SchedulerFixture.policy;
import static dev.reservoir.server.schedule.SchedulerFixture.scheduler;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.server.schedule.SchedulerFixture.Item;
import dev.reservoir.server.schedule.SchedulerFixture.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulerHistoriesTest {
    /** Examples of a step of every third flow. */
    private static final int STEP = 3;
    /** Most items of a slice of the other flows, by the fixture's policy. */
    private static final int SLICE = 4;

    /** The expected state of a scheduler after the same history, kept as plain sets and lists. */
    private static final class Model {
        private final Scheduler<Item, Step> scheduler;
        private final Map<Integer, Item> waitingItems = new HashMap<>();
        private final Map<Object, List<Step>> waitingSteps = new HashMap<>();
        private final List<List<Decision.Slice<Step>>> batches = new ArrayList<>();
        private final Set<Object> running = new HashSet<>();
        private final Set<Object> droppedWhileRunning = new HashSet<>();
        private int served;
        private int pausesThatServed;
        private int abandoned;
        private int wholeSteps;

        Model(Scheduler<Item, Step> scheduler) {
            this.scheduler = scheduler;
        }

        void offerServing(List<Item> items) {
            if (scheduler.offerServing(items)) {
                items.forEach(item -> waitingItems.put(item.id(), item));
            }
        }

        void offerTraining(Step step) {
            if (!droppedWhileRunning.contains(step.flow())) {
                scheduler.offerTraining(step);
                waitingSteps
                        .computeIfAbsent(step.flow(), unused -> new ArrayList<>())
                        .add(step);
            }
        }

        void finish(int index) {
            List<Decision.Slice<Step>> ended = batches.remove(index);
            Set<Object> dropped = new HashSet<>();
            for (Decision.Slice<Step> slice : ended) {
                running.remove(slice.flow());
                if (droppedWhileRunning.remove(slice.flow())) {
                    dropped.add(slice.flow());
                }
            }
            assertThat(scheduler.finishedTraining(ended)).containsExactlyInAnyOrderElementsOf(dropped);
        }

        void drop(Object flow) {
            Scheduler.Dropped<Step> dropped = scheduler.drop(flow);
            List<Step> expected = waitingSteps.remove(flow);
            assertThat(dropped.items()).isEqualTo(expected == null ? List.of() : expected);
            assertThat(dropped.idle()).isEqualTo(!running.contains(flow));
            if (running.contains(flow)) {
                droppedWhileRunning.add(flow);
            }
        }

        /** @return whether something was to be done */
        boolean next(long now, int idleLanes, long servingNanos) {
            Decision<Item, Step> decision = scheduler.next(now, idleLanes);
            if (decision instanceof Decision.Serve<Item, Step> serve) {
                serve(serve, now, servingNanos);
            } else if (decision instanceof Decision.Train<Item, Step> train) {
                train(train.slices());
            }
            return !(decision instanceof Decision.Wait);
        }

        void pause(long now, long servingNanos) {
            Decision.Serve<Item, Step> serve = scheduler.between(now);
            pausesThatServed += serve.items().isEmpty() ? 0 : 1;
            serve(serve, now, servingNanos);
        }

        private void serve(Decision.Serve<Item, Step> serve, long now, long nanos) {
            for (Item item : serve.items()) {
                assertThat(item.abandoned(now)).isFalse();
                assertThat(waitingItems.remove(item.id())).isSameAs(item);
            }
            for (Item item : serve.abandoned()) {
                assertThat(item.abandoned(now)).isTrue();
                assertThat(waitingItems.remove(item.id())).isSameAs(item);
            }
            served += serve.items().size();
            abandoned += serve.abandoned().size();
            if (!serve.items().isEmpty()) {
                scheduler.finishedServing(serve.items().size(), nanos, now);
            }
        }

        private void train(List<Decision.Slice<Step>> slices) {
            batches.add(slices);
            for (Decision.Slice<Step> slice : slices) {
                assertThat(running.add(slice.flow())).isTrue();
                List<Step> waiting = waitingSteps.getOrDefault(slice.flow(), List.of());
                assertThat(waiting.subList(0, slice.items().size())).isEqualTo(slice.items());
                waiting.subList(0, slice.items().size()).clear();
                long filling = slice.items().stream().filter(Step::fillsStep).count();
                if (slice.items().get(0).stepItems() == 0) {
                    assertThat(slice.items()).hasSizeBetween(1, SLICE);
                } else {
                    assertThat(filling).isLessThanOrEqualTo(STEP);
                    assertThat(filling == STEP
                                    || waiting.isEmpty()
                                    || slice.items().size() == STEP + SLICE)
                            .as("a step is not cut")
                            .isTrue();
                    wholeSteps += filling == STEP ? 1 : 0;
                }
            }
        }

        void check() {
            assertThat(scheduler.queuedServing()).isEqualTo(waitingItems.size());
            assertThat(scheduler.queuedTraining())
                    .isEqualTo(
                            waitingSteps.values().stream().mapToInt(List::size).sum());
        }
    }

    /**
     * Random histories of readout and FPT flows, idle lanes, pauses, drops and clients that go away: everything that is
     * offered leaves exactly once, flows in order and never beside themselves.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void everythingLeavesOnceAndFlowsStayInOrder(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Model model = new Model(
                seed % 2 == 0
                        ? scheduler()
                        : new Scheduler<>(
                                policy().trainingLanes(1).lightServing(0.4).build()));
        int i = 0;
        for (; i < 20_000; i++) {
            long now = i * MILLI;
            int choice = random.nextInt(20);
            if (choice < 6) {
                model.offerServing(items(random, i, now));
            } else if (choice < 12) {
                model.offerTraining(step(random, i, now));
            } else if (choice < 14 && !model.batches.isEmpty()) {
                model.finish(random.nextInt(model.batches.size()));
            } else if (choice < 16 && random.nextInt(50) == 0) {
                model.drop("f" + random.nextInt(12));
            } else if (choice < 17 && !model.batches.isEmpty()) {
                model.pause(now, random.nextLong(100 * MILLI));
            } else {
                model.next(now, random.nextInt(3), random.nextLong(1_000 * MILLI));
            }
            model.check();
        }
        long end = 2L * i * MILLI;
        while (!model.batches.isEmpty() || model.next(end, 0, 1)) {
            for (int batch = model.batches.size() - 1; batch >= 0; batch--) {
                model.finish(batch);
            }
        }
        model.check();
        assertThat(model.waitingItems).isEmpty();
        assertThat(model.scheduler.queuedTraining()).isZero();
        assertThat(List.of(model.served, model.pausesThatServed, model.abandoned, model.wholeSteps))
                .as("what the history covered")
                .allSatisfy(times -> assertThat(times).isGreaterThan(100));
    }

    private static List<Item> items(SplittableRandom random, int id, long now) {
        String tenant = "t" + random.nextInt(5);
        List<Item> items = new ArrayList<>();
        for (int k = 1 + random.nextInt(random.nextInt(20) == 0 ? 5 : 1); k > 0; k--) {
            long until = random.nextInt(4) == 0 ? now + random.nextLong(100 * MILLI) : Long.MAX_VALUE;
            items.add(new Item(tenant, random.nextInt(120), now, 10 * id + k, until));
        }
        return items;
    }

    private static Step step(SplittableRandom random, int id, long now) {
        int flow = random.nextInt(12);
        boolean steps = flow % 3 == 0;
        boolean refusal = random.nextInt(6) == 0;
        return new Step(
                "t" + flow % 5, "f" + flow, refusal ? 0 : random.nextInt(60), now, id, steps ? STEP : 0, !refusal);
    }
}
