// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever fails for one head of a training batch, errors included, does not affect the others, and each example is
 * learned or refused by name.
 */
@Timeout(60)
class TrainingContainmentTest extends EngineFixture {
    private static final Observation.Text TEXT_ONE = new Observation.Text("one");

    /** A learner that fails at the point that a test chooses. */
    private static final class BreakableLearner implements FeatureLearner {
        private final FeatureLearner sound;
        private int failingLearns;
        private int failingSnapshots;
        private boolean failsToClose;
        private Error with = new LinkageError("as a test wants it");

        BreakableLearner(FeatureLearner sound) {
            this.sound = sound;
        }

        @Override
        public List<@Nullable Refused> learn(List<Item> items) {
            if (failingLearns-- > 0) {
                throw with;
            }
            return sound.learn(items);
        }

        @Override
        public LearnerState state(Predicate<String> stored) {
            return sound.state(stored);
        }

        @Override
        public HeadSnapshot snapshot() {
            if (failingSnapshots-- > 0) {
                throw with;
            }
            return sound.snapshot();
        }

        @Override
        public void countRefused() {
            sound.countRefused();
        }

        @Override
        public void flush() {
            sound.flush();
        }

        @Override
        public HeadMetrics metrics() {
            return sound.metrics();
        }

        @Override
        public @Nullable String failure() {
            return sound.failure();
        }

        @Override
        public void update(HeadSpec spec) {
            sound.update(spec);
        }

        @Override
        public HeadSpec spec() {
            return sound.spec();
        }

        @Override
        public long residentBytes() {
            return sound.residentBytes();
        }

        @Override
        public long trainableParameters() {
            return sound.trainableParameters();
        }

        @Override
        public void close() {
            sound.close();
            if (failsToClose) {
                throw with;
            }
        }
    }

    private final HeadRegistry breakable = new HeadRegistry(
            spec -> new BreakableLearner((FeatureLearner) factory.create(spec)), 10, () -> Instant.EPOCH);

    private LiveHead breakableHead(String id) {
        return breakable.create(spec("a", id), "");
    }

    private static BreakableLearner learner(LiveHead head) {
        return (BreakableLearner) head.learner();
    }

    private static void trainOne(Engine engine, LiveHead head, long sequence, Progress progress) {
        train(engine, head, sequence, TEXT_ONE, new Target.Label("x"), progress);
    }

    private static List<Long> refusedNumbers(Progress progress) {
        return progress.refusals.stream()
                .map(TrainingListener.Refusal::sequence)
                .toList();
    }

    private static List<Reason> reasons(Progress progress) {
        return progress.refusals.stream().map(refusal -> refusal.why().reason()).toList();
    }

    @Test
    void anErrorOfALearnerRefusesItsExamplesByNumberAndCostsOthersNothing() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead broken = breakableHead("broken");
        LiveHead other = head("a", "other");
        learner(broken).failingLearns = 1;
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        Progress brokenProgress = new Progress(3);
        Progress otherProgress = new Progress(3);
        for (int i = 1; i <= 3; i++) {
            trainOne(engine, broken, i, brokenProgress);
            trainOne(engine, other, i, otherProgress);
        }
        release.countDown();
        brokenProgress.await();
        otherProgress.await();
        assertThat(refusedNumbers(brokenProgress)).isNotEmpty().startsWith(1L);
        assertThat(reasons(brokenProgress)).containsOnly(Reason.INTERNAL);
        assertThat(otherProgress.refusals).isEmpty();
        Progress next = new Progress(1);
        trainOne(engine, broken, 4, next);
        next.await();
        assertThat(next.refusals).isEmpty();
        assertThat(broken.published().appliedThrough()).isEqualTo(4);
    }

    @Test
    void aHeadThatCannotBePublishedFailsAloneAndItsExamplesAreRefused() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead broken = breakableHead("broken");
        LiveHead other = head("a", "other");
        learner(broken).failingSnapshots = Integer.MAX_VALUE;
        Progress brokenProgress = new Progress(1);
        Progress otherProgress = new Progress(1);
        trainOne(engine, broken, 1, brokenProgress);
        trainOne(engine, other, 1, otherProgress);
        brokenProgress.await();
        otherProgress.await();
        assertThat(reasons(brokenProgress)).containsExactly(Reason.HEAD_FAILED);
        assertThat(otherProgress.refusals).isEmpty();
        assertThat(broken.published().failure())
                .isEqualTo("stopped learning: what it has learned could not be published");
        assertThat(broken.published().appliedThrough()).isEqualTo(1);
        learner(broken).failingSnapshots = 0;
        Progress next = new Progress(1);
        trainOne(engine, broken, 2, next);
        next.await();
        assertThat(reasons(next)).containsExactly(Reason.HEAD_FAILED);
        assertThat(predict(engine, List.of(broken), TEXT_ONE).get(0).version().version())
                .isEqualTo(broken.published().version());
    }

    @Test
    void aMomentWithoutMemoryDoesNotFailAHead() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead broken = breakableHead("broken");
        learner(broken).with = new OutOfMemoryError("as a test wants it");
        learner(broken).failingSnapshots = 1;
        Progress progress = new Progress(1);
        trainOne(engine, broken, 1, progress);
        progress.await();
        assertThat(progress.refusals).isEmpty();
        assertThat(broken.published().failure()).isNull();
        learner(broken).failingLearns = 1;
        Progress next = new Progress(1);
        trainOne(engine, broken, 2, next);
        next.await();
        assertThat(reasons(next)).containsExactly(Reason.OVERLOADED);
    }

    @Test
    void anExampleThatCameOutOfOrderIsNotLearnedAndStopsItsHead() throws Exception {
        for (long wrong : new long[] {1, 4}) {
            Engine engine = engine(1, 0);
            LiveHead head = head("a", "h" + wrong);
            Progress progress = new Progress(2);
            trainOne(engine, head, 1, progress);
            trainOne(engine, head, 2, progress);
            progress.await();
            CountDownLatch handled = new CountDownLatch(1);
            engine.queue(engine.prepare(
                    head, wrong, new HashedObservation(TEXT_ONE), new Target.Label("y"), new TrainingListener() {
                        @Override
                        public void handled(int count, List<Refusal> refusals, HeadVersion published) {
                            assertThat(refusals).extracting(Refusal::sequence).containsExactly(wrong);
                            handled.countDown();
                        }

                        @Override
                        public void deleted() {}

                        @Override
                        public void stopped() {}
                    }));
            assertThat(handled.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(head.published().failure())
                    .isEqualTo("stopped learning: example " + wrong + " came instead of example 3");
            assertThat(head.published().snapshot().labels()).containsExactly("x");
            assertThat(head.published().appliedThrough()).isEqualTo(Math.max(2, wrong));
        }
    }

    @Test
    void aListenerThatThrowsKeepsNobodyElseFromHearing() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "h");
        TrainingListener throwing = new TrainingListener() {
            @Override
            public void handled(int count, List<Refusal> refusals, HeadVersion published) {
                throw new LinkageError("as a test wants it");
            }

            @Override
            public void deleted() {}

            @Override
            public void stopped() {}
        };
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        engine.queue(engine.prepare(head, 1, new HashedObservation(TEXT_ONE), new Target.Label("x"), throwing));
        Progress progress = new Progress(1);
        trainOne(engine, head, 2, progress);
        release.countDown();
        progress.await();
        assertThat(progress.refusals).isEmpty();
    }

    @Test
    void anUpdateThatFailsIsAnsweredAndWhatFollowsIsLearned() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "h");
        Answer<HeadVersion> failed = new Answer<>();
        engine.update(
                head,
                (now, labels) -> {
                    throw new LinkageError("as a test wants it");
                },
                failed);
        assertThat(failed.reason()).isEqualTo(Reason.INTERNAL);
        engine.update(head, (now, labels) -> now, new Completion<>() {
            @Override
            public void completed(HeadVersion result) {
                throw new LinkageError("as a test wants it");
            }

            @Override
            public void refused(Refused why) {}
        });
        Progress progress = new Progress(1);
        trainOne(engine, head, 1, progress);
        progress.await();
        assertThat(progress.refusals).isEmpty();
    }

    @Test
    void aLearnerThatCannotBeClosedDoesNotEndTheLane() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead doomed = breakableHead("doomed");
        learner(doomed).failsToClose = true;
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        Progress progress = new Progress(1);
        trainOne(engine, doomed, 1, progress);
        substrate.awaitPass();
        engine.forget(breakable.delete(doomed.name()));
        release.countDown();
        progress.end.get(30, TimeUnit.SECONDS);
        assertThat(predict(engine, List.of(head("a", "h")), TEXT_ONE)).hasSize(1);
        assertThat(engine.health().serving()).isTrue();
    }

    @Test
    void closingNotifiesTheListenersOfWaitingExamples() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "h");
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        Progress running = new Progress(1);
        trainOne(engine, head, 1, running);
        substrate.awaitPass();
        Progress waiting = new Progress(1);
        trainOne(engine, head, 2, waiting);
        Answer<HeadVersion> update = new Answer<>();
        engine.update(head, (now, labels) -> now, update);
        Thread closing = new Thread(engine::close);
        closing.start();
        waiting.end.get(30, TimeUnit.SECONDS);
        assertThat(update.reason()).isEqualTo(Reason.STOPPING);
        release.countDown();
        closing.join();
        running.await();
        assertThat(head.published().appliedThrough()).isEqualTo(1);
    }
}
