// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.engine.Engine.OutcomeEncoder;
import dev.reservoir.server.engine.Engine.Query;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One observation's answers by many heads: a part for each encoder, joined into one answer in the order of the heads.
 * The heads of a large part are processed in chunks by the thread that has the features and by free threads of an
 * executor. Thread-safe.
 */
final class PredictionFan<R> {
    private static final Logger LOG = LoggerFactory.getLogger(PredictionFan.class);

    /** Heads that one thread answers in the time that another takes to wake up. */
    private static final int CHUNK = 64;
    /** Maximum number of threads that help with one part. */
    private static final int MOST_HELPERS = 15;

    private final Query query;
    private final @Nullable HeadVersion[] bound;
    private final OutcomeEncoder<R> encoder;
    private final Executor helpers;
    private final Completion<List<R>> completion;
    private final @Nullable R[] answers;
    private final @Nullable Refused[] refusals;
    private final AtomicInteger partsLeft;

    /**
     * @param bound the version with which each head must answer, in order; null for a head that answers with its newest
     */
    @SuppressWarnings("unchecked")
    PredictionFan(Query query, @Nullable HeadVersion[] bound, int parts, Answering<R> answering) {
        this.query = query;
        this.bound = bound;
        this.encoder = answering.encoder;
        this.helpers = answering.helpers;
        this.completion = answering.completion;
        this.answers = (R[]) new Object[bound.length];
        this.refusals = new Refused[bound.length];
        this.partsLeft = new AtomicInteger(parts);
    }

    /** How outcomes become an answer, on which threads, and who receives it. */
    record Answering<R>(OutcomeEncoder<R> encoder, Executor helpers, Completion<List<R>> completion) {}

    /** The completion of the part that serves these heads. */
    Completion<Features> part(int[] indices) {
        return new Completion<>() {
            @Override
            public void completed(Features features) {
                Part part = new Part(indices, features);
                part.callHelpers();
                part.run();
            }

            @Override
            public void refused(Refused why) {
                for (int index : indices) {
                    encode(index, HeadOutcome.failed(version(index), why));
                }
                join();
            }
        };
    }

    private LiveHead head(int index) {
        return query.heads().get(index);
    }

    private HeadVersion version(int index) {
        HeadVersion then = bound[index];
        return then != null ? then : head(index).published();
    }

    private HeadOutcome predict(int index, Features features) {
        LiveHead head = head(index);
        HeadVersion version = version(index);
        if (head.deleted()) {
            return HeadOutcome.missing(head.name(), HeadRegistry.notFound(head.name()));
        }
        try {
            return HeadOutcome.answered(version, version.snapshot().predict(features, query.maxScores()));
        } catch (Throwable e) {
            LOG.error("Head {} could not predict", head.name(), e);
            return HeadOutcome.failed(version, Failure.refusal("head: " + head.name() + " could not predict", e));
        }
    }

    /** Stores a head's answer. If it cannot be encoded, the whole prediction is refused in the end. */
    private void encode(int index, HeadOutcome outcome) {
        refusals[index] = outcome.refused();
        try {
            answers[index] = encoder.encode(index, outcome);
        } catch (Throwable e) {
            LOG.error("The answer of head {} could not be encoded", outcome.head(), e);
            refusals[index] = Failure.refusal("head: the answer of " + outcome.head() + " could not be encoded", e);
        }
    }

    private void join() {
        if (partsLeft.decrementAndGet() > 0) {
            return;
        }
        Refused refused = refusal();
        if (refused != null) {
            completion.refused(refused);
            return;
        }
        List<R> all = new ArrayList<>(answers.length);
        for (R answer : answers) {
            if (answer != null) {
                all.add(answer);
            }
        }
        try {
            completion.completed(all);
        } catch (Throwable e) {
            LOG.error("An answer of {} heads could not be handed over", answers.length, e);
            completion.refused(Failure.refusal("answer: could not be handed over", e));
        }
    }

    /** Why the whole prediction is refused: no head answers, or an answer could not be encoded; null if it is not. */
    private @Nullable Refused refusal() {
        boolean someAnswer = false;
        for (int i = 0; i < answers.length; i++) {
            if (answers[i] == null) {
                return refusals[i];
            }
            someAnswer |= refusals[i] == null;
        }
        return someAnswer ? null : refusals[0];
    }

    /** Heads that answer from the same features. */
    private final class Part implements Runnable {
        private final int[] indices;
        private final Features features;
        private final int chunks;
        private final AtomicInteger nextChunk = new AtomicInteger();
        private final AtomicInteger chunksLeft;

        Part(int[] indices, Features features) {
            this.indices = indices;
            this.features = features;
            this.chunks = (indices.length + CHUNK - 1) / CHUNK;
            this.chunksLeft = new AtomicInteger(chunks);
        }

        void callHelpers() {
            try {
                for (int helper = 0; helper < Math.min(MOST_HELPERS, chunks - 1); helper++) {
                    helpers.execute(this);
                }
            } catch (RejectedExecutionException e) {
                LOG.debug("No helpers for {} chunks of heads: the lane answers alone", chunks, e);
            }
        }

        /** Processes chunks until none is left; the thread that finishes the last one joins the part. */
        @Override
        public void run() {
            for (int chunk = nextChunk.getAndIncrement(); chunk < chunks; chunk = nextChunk.getAndIncrement()) {
                int end = Math.min(indices.length, (chunk + 1) * CHUNK);
                for (int i = chunk * CHUNK; i < end; i++) {
                    encode(indices[i], predict(indices[i], features));
                }
                if (chunksLeft.decrementAndGet() == 0) {
                    join();
                }
            }
        }
    }
}
