// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EnginePauseTest extends EngineFixture {
    /** What was learned when an answer came. */
    private final class Seen implements Completion<List<HeadOutcome>> {
        final CompletableFuture<Long> learned = new CompletableFuture<>();
        private final Progress progress;

        Seen(Progress progress) {
            this.progress = progress;
        }

        @Override
        public void completed(List<HeadOutcome> outcomes) {
            learned.complete(progress.appliedThrough);
        }

        @Override
        public void refused(Refused why) {
            learned.completeExceptionally(why);
        }
    }

    private Progress learn(Engine engine, LiveHead head, int count) {
        Progress progress = new Progress(count);
        for (int i = 1; i <= count; i++) {
            train(engine, head, i, new Observation.Text("one two"), new Target.Label("x"), progress);
        }
        return progress;
    }

    @Test
    void theOnlyLaneServesBeforeItsTrainingBatchEnds() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "learning");
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        Progress progress = learn(engine, head, 1);
        substrate.awaitPass();
        Seen seen = new Seen(progress);
        predict(engine, call("a"), head, new Observation.Text("three"), seen);
        release.countDown();
        assertThat(seen.learned.get(30, TimeUnit.SECONDS)).isZero();
        progress.await();
        assertThat(progress.appliedThrough).isEqualTo(1);
    }

    @Test
    void aPassThatFailsInAPauseLeavesTheTrainingBatchAlone() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "learning");
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        Progress progress = learn(engine, head, 1);
        substrate.awaitPass();
        substrate.failAfter(1, 1);
        Seen seen = new Seen(progress);
        predict(engine, call("a"), head, new Observation.Text("three"), seen);
        release.countDown();
        assertThat(seen.learned).failsWithin(java.time.Duration.ofSeconds(30));
        progress.await();
        assertThat(progress.refusals).isEmpty();
    }

    @Test
    void pausesChangeNothingOfWhatIsLearned() throws Exception {
        Learned alone = learned(engine(1, 0), "alone", false);
        Learned beside = learned(engine(1, 0), "beside", true);
        assertThat(beside.answers).isEqualTo(alone.answers);
        assertThat(beside.servedInPauses)
                .as("requests answered inside a training batch")
                .isPositive();
    }

    /**
     * @param servedInPauses requests that were answered before the first training batch, which was under way when they
     *     came, had ended
     */
    private record Learned(List<Object> answers, int servedInPauses) {}

    /** Scores of a head after 64 examples, with requests that wait at the pauses or without. */
    private Learned learned(Engine engine, String id, boolean withRequests) throws Exception {
        LiveHead head = head("a", id);
        Progress progress = new Progress(64);
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        int before = substrate.passes();
        java.util.SplittableRandom random = new java.util.SplittableRandom(5);
        List<Seen> all = new ArrayList<>();
        for (int i = 1; i <= 64; i++) {
            Observation.Text text = text(random);
            train(engine, head, i, text, label(text), progress);
            if (i == 1) {
                await().until(() -> substrate.passes() > before);
            }
            if (withRequests && i % 2 == 0) {
                Seen seen = new Seen(progress);
                all.add(seen);
                predict(engine, call("a"), head, new Observation.Text("four " + WORD.charAt(i % 9)), seen);
            }
        }
        release.countDown();
        progress.await();
        int inPauses = 0;
        for (Seen seen : all) {
            inPauses += seen.learned.get(30, TimeUnit.SECONDS) == 0 ? 1 : 0;
        }
        List<Object> outcomes = new ArrayList<>();
        for (String words : List.of("one two", "three", "two five six")) {
            outcomes.add(predict(engine, List.of(head), new Observation.Text(words))
                    .get(0)
                    .prediction());
        }
        return new Learned(outcomes, inPauses);
    }

    private static final String WORD = "abcdefghi";
}
