// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.BatchPolicy;
import dev.reservoir.server.schedule.Decision;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A head is deleted while examples of it are offered, taken and finished. Each step of the queue is atomic under its
 * lock, so all orders of the steps of several threads are all that can happen: in every one the learner is closed once,
 * never while a lane works on it, and each task is learned or notified of the deletion.
 */
@Timeout(60)
class LearnerClosingTest {
    @Test
    void aDeletedHeadsLearnerIsClosedOnceAndNotWhileItIsInUse() {
        try (EngineParts parts = new EngineParts()) {
            List<List<Integer>> orders = new ArrayList<>();
            interleave(new int[Scenario.STEPS.length], new ArrayList<>(), orders);
            assertThat(orders).as("8! / (2! 2! 2! 2!) orders of steps").hasSize(2_520);
            for (List<Integer> order : orders) {
                Scenario scenario = new Scenario(parts.like);
                order.forEach(scenario::step);
                scenario.check(order);
            }
        }
    }

    /** Adds every order of the threads' steps, as the number of the thread that makes each. */
    private static void interleave(int[] made, List<Integer> order, List<List<Integer>> orders) {
        boolean complete = true;
        for (int thread = 0; thread < made.length; thread++) {
            if (made[thread] < Scenario.STEPS[thread]) {
                complete = false;
                made[thread]++;
                order.add(thread);
                interleave(made, order, orders);
                order.remove(order.size() - 1);
                made[thread]--;
            }
        }
        if (complete) {
            orders.add(List.copyOf(order));
        }
    }

    /** Fixtures that are created once, because that is slow. */
    static final class EngineParts extends EngineFixture implements AutoCloseable {
        final HeadLearner like = factory.create(spec("a", "h"));

        @Override
        public void close() {
            like.close();
            super.close();
        }
    }

    /** Two lanes that each take and finish a batch, a deletion in its two steps, and two offers. */
    private static final class Scenario {
        private static final int[] STEPS = {2, 2, 2, 2};

        private final CountingLearner learner;
        private final HeadRegistry registry;
        private final LiveHead head;
        private final LaneQueue queue =
                new LaneQueue(BatchPolicy.usual(1).sliceItems(1).build(), () -> 0L);
        private final AtomicInteger ended = new AtomicInteger();
        private final List<List<List<Decision.Slice<TrainingTask>>>> taken =
                List.of(new ArrayList<>(), new ArrayList<>());
        private boolean deleted;
        private int offered;

        Scenario(HeadLearner like) {
            learner = new CountingLearner(like);
            registry = new HeadRegistry(unused -> learner, 1, () -> Instant.EPOCH);
            head = registry.create(like.spec(), "");
            offer();
        }

        void step(int thread) {
            if (thread < 2) {
                lane(taken.get(thread));
            } else if (thread == 2) {
                delete();
            } else {
                offer();
            }
        }

        private void lane(List<List<Decision.Slice<TrainingTask>>> running) {
            if (!running.isEmpty()) {
                List<Decision.Slice<TrainingTask>> slices = running.remove(0);
                slices.forEach(slice -> ended.addAndGet(slice.items().size()));
                learner.inUse = false;
                queue.finishedTraining(slices)
                        .forEach(retired -> retired.learner().close());
            } else if (queue.poll() instanceof Decision.Train<ServingTask, TrainingTask> train) {
                assertThat(learner.inUse).isFalse();
                learner.inUse = true;
                running.add(train.slices());
            }
        }

        private void delete() {
            if (!deleted) {
                registry.delete(head.name());
                deleted = true;
                return;
            }
            LaneQueue.Dropped dropped = queue.drop(head);
            dropped.tasks().forEach(TrainingTask::headDeleted);
            if (dropped.retired()) {
                head.learner().close();
            }
        }

        private void offer() {
            TrainingTask task = new TrainingTask.Refusal(
                    head, ++offered, new Refused(Reason.WRONG_TARGET, "target"), new Counting(ended), 0);
            if (queue.offer(task) == LaneQueue.Offer.DELETED) {
                task.headDeleted();
            }
        }

        void check(List<Integer> order) {
            taken.stream().filter(running -> !running.isEmpty()).forEach(this::lane);
            assertThat(List.of(learner.closed, ended.get())).as("%s", order).containsExactly(1, offered);
        }
    }

    private record Counting(AtomicInteger ended) implements TrainingListener {
        @Override
        public void handled(int handled, List<Refusal> refusals, HeadVersion published) {}

        @Override
        public void deleted() {
            ended.incrementAndGet();
        }

        @Override
        public void stopped() {}
    }
}
