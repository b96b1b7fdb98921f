// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.Core;
import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.engine.Engine.Query;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.registry.LiveHead;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * {@code engine}: predictions per second of distinct texts of {@code words} words by one head with {@code inFlight}
 * outstanding, inside the process and without a feature cache. Answers are counted from the first to the last one that
 * arrived while requests were still being sent.
 */
final class EngineMeasurement implements Measurement {
    private final Subject subject;
    private long seed;
    private @Nullable Core core;
    private @Nullable LiveHead head;

    EngineMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        int inFlight = request.integer("inFlight", 1, 8_192);
        int millis = request.integer("millis", 1, 60_000);
        int words = request.integer("words", 1, 126);
        Texts texts = new Texts(request.texts("vocabulary"), seed++);
        if (core == null) {
            core = subject.core(0);
            head = core.registry().create(TextHeads.spec("engine", TextHeads.gradient()), "");
        }
        Run run = new Run(core, List.of(head), texts, words, inFlight, millis);
        double rate = run.perSecond();
        JsonObject answer = new JsonObject();
        answer.addProperty("perSecond", rate);
        answer.addProperty("answers", run.answers.get());
        answer.addProperty("tokens", subject.usual().tokenizer().encode(texts.next(words), 512).length);
        return answer;
    }

    void close() {
        if (core != null) {
            core.close();
        }
    }

    /** One closed loop: each answer triggers the next request. */
    private final class Run implements Completion<List<HeadOutcome>> {
        private final Core core;
        private final List<LiveHead> heads;
        private final Texts texts;
        private final int words;
        private final int inFlight;
        private final CountDownLatch ended;
        private final Call call = new Call(TextHeads.TENANT, Long.MAX_VALUE, () -> false);
        private final AtomicLong answers = new AtomicLong();
        private final AtomicLong first = new AtomicLong();
        private final AtomicLong last = new AtomicLong();
        private final AtomicInteger refusals = new AtomicInteger();
        private final long endNanos;

        Run(Core core, List<LiveHead> heads, Texts texts, int words, int inFlight, int millis) {
            this.core = core;
            this.heads = heads;
            this.texts = texts;
            this.words = words;
            this.inFlight = inFlight;
            this.ended = new CountDownLatch(inFlight);
            this.endNanos = subject.clock().getAsLong() + millis * 1_000_000L;
        }

        double perSecond() {
            for (int i = 0; i < inFlight; i++) {
                send();
            }
            try {
                ended.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
            if (refusals.get() > 0) {
                throw new IllegalStateException(refusals.get() + " requests refused (expected: none)");
            }
            long nanos = last.get() - first.get();
            return nanos == 0 ? 0 : (answers.get() - 1) * 1e9 / nanos;
        }

        private void send() {
            core.engine()
                    .predict(
                            call,
                            new Query(heads, new HashedObservation(new Observation.Text(texts.next(words))), 10),
                            (index, outcome) -> outcome,
                            this);
        }

        @Override
        public void completed(List<HeadOutcome> outcomes) {
            long now = subject.clock().getAsLong();
            first.compareAndSet(0, now);
            last.accumulateAndGet(now, Math::max);
            answers.incrementAndGet();
            if (now < endNanos) {
                send();
            } else {
                ended.countDown();
            }
        }

        @Override
        public void refused(Refused why) {
            refusals.incrementAndGet();
            ended.countDown();
        }
    }
}
