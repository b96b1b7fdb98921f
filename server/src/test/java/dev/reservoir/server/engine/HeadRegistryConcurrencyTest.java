// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadSpec;
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
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Heads are created, deleted and closed on three threads while a lane works on one. In every round each learner that
 * was made is closed once, none while it is in use, and none is made once the registry is closed.
 */
@Timeout(60)
class HeadRegistryConcurrencyTest {
    private static final int ROUNDS = 1_000;

    private final ExecutorService threads = Executors.newFixedThreadPool(3);

    @AfterEach
    void close() {
        threads.shutdown();
    }

    @Test
    void aHeadIsDeletedWhileALaneWorksOnItAndItsNameIsTakenAgain() throws Exception {
        check(like -> {
            Scenario scenario = new Scenario(like);
            LiveHead head = scenario.create();
            scenario.offer(head);
            together(() -> scenario.delete(head), scenario::lane, scenario::create);
            scenario.end();
        });
    }

    @Test
    void theRegistryClosesWhileAHeadIsCreatedByTwo() throws Exception {
        check(like -> {
            Scenario scenario = new Scenario(like);
            together(scenario::create, scenario::create, scenario::end);
            scenario.verify();
        });
    }

    private interface Round {
        void run(HeadLearner like) throws Exception;
    }

    private void check(Round round) throws Exception {
        try (LearnerClosingTest.EngineParts parts = new LearnerClosingTest.EngineParts()) {
            HeadLearner like = new CountingLearner(parts.like);
            for (int i = 0; i < ROUNDS; i++) {
                round.run(like);
            }
        }
    }

    /** Runs all at once, each on a thread of its own; fails where one of them fails. */
    private void together(Runnable... runs) throws Exception {
        AtomicInteger coming = new AtomicInteger(runs.length);
        List<Callable<Void>> tasks = new ArrayList<>();
        for (Runnable run : runs) {
            tasks.add(() -> {
                coming.decrementAndGet();
                while (coming.get() > 0) {
                    Thread.yield();
                }
                try {
                    run.run();
                } catch (Refused refused) {
                    // Another one was faster.
                }
                return null;
            });
        }
        for (Future<Void> done : threads.invokeAll(tasks)) {
            done.get();
        }
    }

    /** A registry and the queue that it tells of deletions, wired as the engine does. */
    private static final class Scenario {
        private final HeadSpec spec;
        private final List<CountingLearner> made = new ArrayList<>();
        private final LaneQueue queue =
                new LaneQueue(BatchPolicy.usual(1).sliceItems(1).build(), () -> 0L);
        private final HeadRegistry registry;
        private boolean ended;

        Scenario(HeadLearner like) {
            spec = like.spec();
            registry = new HeadRegistry(unused -> make(like), 2, () -> Instant.EPOCH);
            registry.whenDeleted(this::forget);
        }

        private CountingLearner make(HeadLearner like) {
            Thread.yield();
            CountingLearner learner = new CountingLearner(like);
            synchronized (made) {
                if (ended) {
                    throw new AssertionError("made after the registry was closed");
                }
                made.add(learner);
            }
            return learner;
        }

        LiveHead create() {
            return registry.create(spec, "");
        }

        void offer(LiveHead head) {
            queue.offer(new TrainingTask.Refusal(head, 1, new Refused(Reason.WRONG_TARGET, "target"), new Deaf(), 0));
        }

        void delete(LiveHead head) {
            registry.delete(head.name());
        }

        private void forget(LiveHead head) {
            if (queue.drop(head).retired()) {
                head.learner().close();
            }
        }

        /** Takes what there is, works on it, and finishes it. */
        void lane() {
            if (queue.poll() instanceof Decision.Train<ServingTask, TrainingTask> train) {
                CountingLearner learner = (CountingLearner)
                        train.slices().get(0).items().get(0).head().learner();
                if (learner.closed > 0) {
                    throw new AssertionError("taken after its learner was closed");
                }
                learner.inUse = true;
                Thread.yield();
                learner.inUse = false;
                queue.finishedTraining(train.slices())
                        .forEach(retired -> retired.learner().close());
            }
        }

        /** Closes the registry, once nothing works on a head. */
        void end() {
            registry.close();
            synchronized (made) {
                ended = true;
            }
            verify();
        }

        void verify() {
            for (CountingLearner learner : made) {
                if (learner.closed != 1) {
                    throw new AssertionError("closed: " + learner.closed + " times (expected: once)");
                }
            }
        }
    }

    /** Listens to nothing. */
    private record Deaf() implements TrainingListener {
        @Override
        public void handled(int handled, List<Refusal> refusals, HeadVersion published) {}

        @Override
        public void deleted() {}

        @Override
        public void stopped() {}
    }
}
