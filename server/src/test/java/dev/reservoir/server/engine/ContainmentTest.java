// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.metrics.Counter;
import dev.reservoir.server.metrics.Metrics;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever fails while observations are served, errors included, ends its own requests, and the lanes continue. */
@Timeout(60)
class ContainmentTest extends EngineFixture {
    private static final String POISON = "nine nine nine nine nine";

    /** A text encoder that fails as a runtime without a library does. */
    private final class BrokenEncoder implements ObservationEncoder {
        private final ObservationEncoder sound =
                factory.encoders().lease(TEXT, MEAN).encoder();
        private final boolean encodes;

        BrokenEncoder(boolean encodes) {
            this.encodes = encodes;
        }

        @Override
        public @Nullable EncoderKey key() {
            return null;
        }

        @Override
        public boolean readsSubstrate() {
            return true;
        }

        @Override
        public int featureWidth() {
            return sound.featureWidth();
        }

        @Override
        public ObservationReader reader() {
            return sound.reader();
        }

        @Override
        public Encoded encode(AdmittedObservation observation) {
            if (!encodes) {
                throw new NoClassDefFoundError("java/awt/image/BufferedImage");
            }
            return sound.encode(observation);
        }

        @Override
        public Features features(Encoded encoded, @Nullable HiddenStates hidden, int sequence) {
            throw new IllegalStateException("features: broken");
        }

        @Override
        public void visitParts(PartVisitor parts) {}
    }

    /** Requests of one batch: all are queued while a pass is blocked. */
    private List<Answer<List<HeadOutcome>>> together(Engine engine, List<String> texts) throws Exception {
        LiveHead head = head("a", "h");
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        predict(engine, call("a"), head, new Observation.Text("one"), new Answer<>());
        substrate.awaitPass();
        List<Answer<List<HeadOutcome>>> answers = new ArrayList<>();
        for (String text : texts) {
            Answer<List<HeadOutcome>> answer = new Answer<>();
            predict(engine, call("a"), head, new Observation.Text(text), answer);
            answers.add(answer);
        }
        release.countDown();
        return answers;
    }

    private static boolean poisonous(SubstrateInput sequence) {
        return sequence.tokens() > 5;
    }

    @Test
    void anErrorWhileAnObservationIsEncodedEndsItsRequestAtOnce() throws Exception {
        Engine engine = engine(1, 0);
        for (boolean encodes : new boolean[] {false, true}) {
            Answer<Features> broken = new Answer<>();
            engine.embed(
                    call("a"),
                    new BrokenEncoder(encodes),
                    new HashedObservation(new Observation.Text("one two")),
                    broken);
            assertThat(broken.reason()).isEqualTo(Reason.INTERNAL);
        }
        assertThat(predict(engine, List.of(head("a", "h")), new Observation.Text("one")))
                .hasSize(1);
    }

    @Test
    void aSequenceThatFailsAPassFailsAlone() throws Exception {
        substrate.poison(ContainmentTest::poisonous, () -> new AssertionError("poison"));
        List<Answer<List<HeadOutcome>>> answers =
                together(engine(1, 0), List.of("one", "two", POISON, "three", "four", POISON, "five", "six", "seven"));
        for (int i = 0; i < answers.size(); i++) {
            if (i == 2 || i == 5) {
                assertThat(answers.get(i).reason()).isEqualTo(Reason.INTERNAL);
            } else {
                assertThat(answers.get(i).get()).hasSize(1);
            }
        }
    }

    @Test
    void everyCallOfAPassThatRunsOutOfMemoryIsRefusedAndTheLaneSurvives() throws Exception {
        Engine engine = engine(1, 0);
        substrate.poison(ContainmentTest::poisonous, () -> new OutOfMemoryError("as a test wants it"));
        for (Answer<List<HeadOutcome>> answer : together(engine, List.of("one", POISON, "two"))) {
            assertThat(answer.reason()).isEqualTo(Reason.OVERLOADED);
            assertThat(answer.future)
                    .failsWithin(java.time.Duration.ZERO)
                    .withThrowableOfType(java.util.concurrent.ExecutionException.class)
                    .withMessageContaining("out of memory");
        }
        assertThat(predict(engine, List.of(head("a", "other")), new Observation.Text("one")))
                .hasSize(1);
    }

    @Test
    void aThrowingCompletionIsRefusedAndAffectsNoOther() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "h");
        AtomicReference<Refused> told = new AtomicReference<>();
        predict(engine, call("a"), head, new Observation.Text("one"), new Completion<List<HeadOutcome>>() {
            @Override
            public void completed(List<HeadOutcome> result) {
                throw new StackOverflowError("as a test wants it");
            }

            @Override
            public void refused(Refused why) {
                told.set(why);
                throw new AssertionError("as a test wants it");
            }
        });
        assertThat(predict(engine, List.of(head), new Observation.Text("two"))).hasSize(1);
        assertThat(told.get().reason()).isEqualTo(Reason.INTERNAL);
    }

    @Test
    void anInterruptNeitherEndsALaneNorReachesTheNextBatch() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "h");
        Answer<List<HeadOutcome>> next = new Answer<>();
        Answer<List<HeadOutcome>> interrupting = new Answer<>() {
            @Override
            public void completed(List<HeadOutcome> result) {
                predict(engine, call("a"), head, new Observation.Text("two"), next);
                Thread.currentThread().interrupt();
                super.completed(result);
            }
        };
        predict(engine, call("a"), head, new Observation.Text("one"), interrupting);
        interrupting.get();
        assertThat(next.get()).hasSize(1);
        assertThat(engine.health()).isEqualTo(new Engine.Health(true, ""));
    }

    @Test
    void aLaneWhoseQueueFailsTriesAgainAndHealthReportsItMeanwhile() throws Exception {
        AtomicBoolean broken = new AtomicBoolean();
        LongSupplier clock = () -> {
            if (broken.get() && Thread.currentThread().getName().startsWith("lane-")) {
                throw new IllegalStateException("clock: broken");
            }
            return System.nanoTime();
        };
        Engine engine = engine(POLICY, Runnable::run, clock);
        LiveHead head = head("a", "h");
        assertThat(predict(engine, List.of(head), new Observation.Text("one"))).hasSize(1);
        broken.set(true);
        Answer<List<HeadOutcome>> waiting = new Answer<>();
        predict(engine, call("a"), head, new Observation.Text("two"), waiting);
        await().until(() -> !engine.health().serving());
        assertThat(engine.health().fault()).startsWith("lane-0 failed ").endsWith(" times in a row");
        broken.set(false);
        waiting.get();
        assertThat(predict(engine, List.of(head), new Observation.Text("three")))
                .hasSize(1);
        await().untilAsserted(() -> assertThat(engine.health()).isEqualTo(new Engine.Health(true, "")));
        assertThat(counter("reservoir_lane_failures_total").value()).isGreaterThanOrEqualTo(3);
    }

    @Test
    void aLaneThatHangsInABatchIsAFault() throws Exception {
        java.util.concurrent.atomic.AtomicLong now = new java.util.concurrent.atomic.AtomicLong();
        Engine engine = engine(POLICY, Runnable::run, now::get);
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        Answer<List<HeadOutcome>> held = new Answer<>();
        predict(engine, call("a"), head("a", "h"), new Observation.Text("one"), held);
        substrate.awaitPass();
        now.addAndGet(60_000_000_000L);
        assertThat(engine.health().serving()).isTrue();
        now.incrementAndGet();
        assertThat(engine.health()).isEqualTo(new Engine.Health(false, "lane-0 has been in one batch for 60000 ms"));
        release.countDown();
        held.get();
        await().until(() -> engine.health().serving());
    }

    @Test
    void headsAnswerInOrderWhoeverHelpsAndWhetherAnybodyDoes() throws Exception {
        List<LiveHead> heads = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            heads.add(head("a", "h" + i));
        }
        List<java.util.concurrent.Executor> helpers = List.of(Runnable::run, work -> new Thread(work).start(), work -> {
            throw new RejectedExecutionException("as a test wants it");
        });
        for (java.util.concurrent.Executor executor : helpers) {
            Engine engine =
                    new Engine(substrate, new Engine.Settings(POLICY, 1, 0), executor, System::nanoTime, new Metrics());
            engines.add(engine);
            assertThat(predict(engine, heads, new Observation.Text("one two")))
                    .extracting(HeadOutcome::head)
                    .containsExactlyElementsOf(
                            heads.stream().map(LiveHead::name).toList());
        }
    }

    @Test
    void anAnswerThatCannotBeEncodedRefusesItsPrediction() {
        Engine engine = engine(1, 0);
        List<LiveHead> heads = List.of(head("a", "first"), head("a", "second"));
        Answer<List<String>> answer = new Answer<>();
        engine.predict(
                call("a"),
                new Engine.Query(heads, new HashedObservation(new Observation.Text("one")), 1),
                (index, outcome) -> {
                    if (index == 1) {
                        throw new LinkageError("as a test wants it");
                    }
                    return "first";
                },
                answer);
        assertThat(answer.reason()).isEqualTo(Reason.INTERNAL);
    }

    @Test
    void countsWhatItDoes() throws Exception {
        Engine engine = engine(POLICY, Runnable::run, System::nanoTime);
        predict(engine, List.of(head("a", "h")), new Observation.Text("one"));
        Answer<List<HeadOutcome>> gone = new Answer<>();
        predict(
                engine,
                new Engine.Call("a", Long.MAX_VALUE, () -> true),
                head("a", "h2"),
                new Observation.Text("x"),
                gone);
        assertThat(gone.reason()).isEqualTo(Reason.CANCELLED);
        await().untilAsserted(() -> {
            assertThat(counter("reservoir_served_observations_total").value()).isEqualTo(1);
            assertThat(counter("reservoir_abandoned_observations_total").value())
                    .isEqualTo(1);
        });
    }

    private Counter counter(String name) {
        return metrics.all().stream()
                .filter(metric -> metric.name().equals(name))
                .map(metric -> ((Metrics.CounterMetric) metric).counter())
                .findFirst()
                .orElseThrow();
    }
}
