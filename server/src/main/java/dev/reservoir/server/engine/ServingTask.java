// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.schedule.Work;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A feature request that a caller waits for. Ends once; ending it again has no effect. Not thread-safe; a queue passes
 * it safely from thread to thread.
 */
final class ServingTask implements Work {
    private static final Logger LOG = LoggerFactory.getLogger(ServingTask.class);

    private final Call call;
    private final FeatureRequest request;
    private final int tokens;
    private final long arrivalNanos;
    private final Completion<Features> completion;
    private boolean ended;

    /** @param tokens what reading the observation and answering from its features is expected to cost */
    ServingTask(Call call, FeatureRequest request, int tokens, long arrivalNanos, Completion<Features> completion) {
        this.call = call;
        this.request = request;
        this.tokens = tokens;
        this.arrivalNanos = arrivalNanos;
        this.completion = completion;
    }

    @Override
    public String tenant() {
        return call.tenant();
    }

    @Override
    public int tokens() {
        return tokens;
    }

    @Override
    public long arrivalNanos() {
        return arrivalNanos;
    }

    FeatureRequest request() {
        return request;
    }

    @Override
    public boolean abandoned(long nowNanos) {
        return nowNanos >= call.deadlineNanos() || call.cancelled().getAsBoolean();
    }

    /** Ends work that no caller waits for any more. */
    void abandon(long nowNanos) {
        refuse(
                nowNanos >= call.deadlineNanos()
                        ? new Refused(Reason.DEADLINE, "deadline: passed before the work began")
                        : new Refused(Reason.CANCELLED, "call: cancelled before its work began"));
    }

    void end(FeatureExtractor.Outcome outcome) {
        Refused refused = outcome.refused();
        Features features = outcome.features();
        if (refused != null) {
            refuse(refused);
        } else if (features != null && !ended) {
            ended = true;
            try {
                completion.completed(features);
            } catch (Throwable e) {
                LOG.error("An answer could not be handed over", e);
                handOver(Failure.refusal("answer: could not be handed over", e));
            }
        }
    }

    void refuse(Refused why) {
        if (!ended) {
            ended = true;
            handOver(why);
        }
    }

    private void handOver(Refused why) {
        try {
            completion.refused(why);
        } catch (Throwable e) {
            LOG.error("A refusal could not be handed over", e);
        }
    }
}
