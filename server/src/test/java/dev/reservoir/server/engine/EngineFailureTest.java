// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Target;
import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EngineFailureTest extends EngineFixture {
    @Test
    void workIsDroppedBeforeItStartsOnceNobodyWaits() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "h");
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        Answer<List<HeadOutcome>> running = new Answer<>();
        predict(engine, call("a"), head, new Observation.Text("one"), running);
        substrate.awaitPass();
        AtomicBoolean cancelled = new AtomicBoolean();
        Answer<List<HeadOutcome>> gone = new Answer<>();
        predict(engine, new Call("a", Long.MAX_VALUE, cancelled::get), head, new Observation.Text("two"), gone);
        Answer<List<HeadOutcome>> late = new Answer<>();
        predict(engine, new Call("a", System.nanoTime(), () -> false), head, new Observation.Text("three"), late);
        cancelled.set(true);
        release.countDown();
        running.get();
        assertThat(gone.reason()).isEqualTo(Reason.CANCELLED);
        assertThat(late.reason()).isEqualTo(Reason.DEADLINE);
        assertThat(substrate.sequences()).isEqualTo(1);
    }

    @Test
    void aFullQueueRefusesAndOthersAreServed() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("flood", "h");
        LiveHead other = head("other", "h");
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        List<Answer<List<HeadOutcome>>> answers = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Answer<List<HeadOutcome>> answer = new Answer<>();
            predict(engine, call("flood"), head, new Observation.Text("one " + i), answer);
            answers.add(answer);
        }
        Answer<List<HeadOutcome>> small = new Answer<>();
        predict(engine, call("other"), other, new Observation.Text("two"), small);
        release.countDown();
        small.get();
        long refused = 0;
        for (Answer<List<HeadOutcome>> answer : answers) {
            if (answer.future.handle((result, why) -> why != null).get(30, TimeUnit.SECONDS)) {
                assertThat(answer.reason()).isEqualTo(Reason.OVERLOADED);
                refused++;
            }
        }
        assertThat(refused).isBetween(200L - 48 - 32, 200L - 48);
    }

    @Test
    void aDeletedHeadEndsItsWritersAndHarmsNobody() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead doomed = head("a", "doomed");
        LiveHead other = head("a", "other");
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        Progress doomedProgress = new Progress(100);
        Progress otherProgress = new Progress(10);
        for (int i = 1; i <= 20; i++) {
            train(engine, doomed, i, new Observation.Text("one " + i), new Target.Label("x"), doomedProgress);
        }
        for (int i = 1; i <= 10; i++) {
            train(engine, other, i, new Observation.Text("two " + i), new Target.Label("x"), otherProgress);
        }
        engine.forget(registry.delete(doomed.name()));
        release.countDown();
        doomedProgress.end.get(30, TimeUnit.SECONDS);
        otherProgress.await();
        Progress after = new Progress(1);
        train(engine, doomed, 21, new Observation.Text("late"), new Target.Label("x"), after);
        after.end.get(30, TimeUnit.SECONDS);
        assertThat(doomed.published().version()).isZero();
    }

    @Test
    void aDeletionListenerDelaysNoOtherCall() throws Exception {
        LiveHead doomed = head("a", "doomed");
        CompletableFuture<LiveHead> created = new CompletableFuture<>();
        doomed.watch(() -> {
            Thread creator = new Thread(() -> created.complete(head("b", "other")));
            creator.start();
            try {
                creator.join(10_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            assertThat(created).isDone();
        });
        registry.delete(doomed.name());
        assertThat(created).isDone();
    }

    @Test
    void aDefectOfOnePassEndsItsBatchOnly() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "h");
        substrate.fail(1);
        Answer<List<HeadOutcome>> failed = new Answer<>();
        predict(engine, call("a"), head, new Observation.Text("one"), failed);
        assertThat(failed.reason()).isEqualTo(Reason.INTERNAL);
        substrate.fail(1);
        Progress first = new Progress(1);
        train(engine, head, 1, new Observation.Text("one"), new Target.Label("x"), first);
        first.await();
        Progress second = new Progress(1);
        train(engine, head, 2, new Observation.Text("one"), new Target.Label("x"), second);
        second.await();
        assertThat(second.refusals).isEmpty();
        assertThat(first.refusals)
                .extracting(TrainingListener.Refusal::sequence)
                .containsExactly(1L);
        assertThat(predict(engine, List.of(head), new Observation.Text("one"))
                        .get(0)
                        .version()
                        .appliedThrough())
                .isEqualTo(2);
    }

    @Test
    void anObservationOfAnotherModalityIsRefusedAtTheBorder() {
        Engine engine = engine(1, 0);
        Answer<List<HeadOutcome>> answer = new Answer<>();
        predict(engine, call("a"), head("a", "h"), new Observation.Symbols(new int[] {1}), answer);
        assertThat(answer.reason()).isEqualTo(Reason.WRONG_MODALITY);
        assertThat(substrate.passes()).isZero();
    }

    @Test
    void closingEndsWhatWaitsAndWaitsForWhatRuns() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "h");
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        Answer<List<HeadOutcome>> running = new Answer<>();
        predict(engine, call("a"), head, new Observation.Text("one"), running);
        substrate.awaitPass();
        Answer<List<HeadOutcome>> waiting = new Answer<>();
        predict(engine, call("a"), head, new Observation.Text("two"), waiting);
        Thread closing = new Thread(engine::close);
        closing.start();
        assertThat(waiting.reason()).isEqualTo(Reason.STOPPING);
        assertThat(running.future).isNotDone();
        release.countDown();
        closing.join();
        assertThat(running.get()).hasSize(1);
        Answer<List<HeadOutcome>> late = new Answer<>();
        predict(engine, call("a"), head, new Observation.Text("three"), late);
        assertThat(late.reason()).isEqualTo(Reason.STOPPING);
    }
}
