// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.serving;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.engine.Engine.OutcomeEncoder;
import dev.reservoir.server.engine.Engine.Query;
import dev.reservoir.server.intake.HeldObservations;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Answers predictions: finds the heads, waits until they have learned what the caller has written, and stores the
 * observation until its truth arrives. Thread-safe.
 */
public final class PredictionService {
    private final HeadRegistry registry;
    private final Engine engine;
    private final HeldObservations held;
    private final long longestWaitMillis;
    private final Set<Waiting> waiting = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;

    /** @param longestWaitMillis longest that a prediction waits until a sequence number is applied */
    public PredictionService(HeadRegistry registry, Engine engine, HeldObservations held, long longestWaitMillis) {
        this.registry = registry;
        this.engine = engine;
        this.held = held;
        this.longestWaitMillis = longestWaitMillis;
    }

    /**
     * Predicts. A large observation is hashed here, so an event loop leaves it to another thread.
     *
     * @param encoder turns each head's outcome into a result; that of a head that does not exist, or could not answer,
     *     is refused
     * @param answer receives a result for each head of the request, in the request's order
     * @throws Refused HEAD_NOT_FOUND if no head exists
     */
    public <R> void predict(
            Caller caller, PredictionRequest request, OutcomeEncoder<R> encoder, Completion<List<R>> answer) {
        @Nullable Refused[] unknown = new Refused[request.heads().size()];
        Query query = new Query(known(request.heads(), unknown), request.observation(), request.maxScores());
        Completion<List<R>> joined = new Completion<>() {
            @Override
            public void completed(List<R> results) {
                store(request);
                answer.completed(join(request.heads(), unknown, encoder, results));
            }

            @Override
            public void refused(Refused why) {
                answer.refused(why);
            }
        };
        Runnable run = () -> engine.predict(caller.call(request.tenant()), query, encoder, joined);
        if (request.minAppliedSequence() == 0) {
            run.run();
        } else {
            request.observation().digest();
            AppliedWait wait = new AppliedWait(
                    caller, query.heads(), request, longestWaitMillis, new AppliedWait.End(run, answer::refused));
            caller.run(() -> begin(new Waiting(caller, wait)));
        }
    }

    /** Ends every wait for a sequence number with STOPPING, now and from now on. */
    public void stop() {
        stopping = true;
        waiting.forEach(Waiting::stop);
    }

    private void begin(Waiting one) {
        waiting.add(one);
        one.wait.begin(() -> waiting.remove(one));
        // If stop() ran before the addition, end the wait here; otherwise stop() does.
        if (stopping) {
            one.stop();
        }
    }

    /** Returns the heads that exist, and records why the others do not answer. */
    private List<LiveHead> known(List<HeadName> names, @Nullable Refused[] unknown) {
        List<LiveHead> known = new ArrayList<>(names.size());
        Refused firstUnknown = null;
        for (int i = 0; i < unknown.length; i++) {
            try {
                known.add(registry.get(names.get(i)));
            } catch (Refused refused) {
                unknown[i] = refused;
                firstUnknown = firstUnknown == null ? refused : firstUnknown;
            }
        }
        if (known.isEmpty() && firstUnknown != null) {
            throw firstUnknown;
        }
        return known;
    }

    /** Puts the results of the heads that exist, in their order, among those of the others. */
    private static <R> List<R> join(
            List<HeadName> names, @Nullable Refused[] unknown, OutcomeEncoder<R> encoder, List<R> results) {
        if (results.size() == names.size()) {
            return results;
        }
        List<R> all = new ArrayList<>(names.size());
        Iterator<R> known = results.iterator();
        for (int i = 0; i < unknown.length; i++) {
            Refused refused = unknown[i];
            all.add(refused == null ? known.next() : encoder.encode(i, HeadOutcome.missing(names.get(i), refused)));
        }
        return all;
    }

    private void store(PredictionRequest request) {
        if (!request.observationId().isEmpty()) {
            held.store(request.tenant(), request.observationId(), request.observation(), request.observationBytes());
            // The tenant's last head may have been deleted meanwhile.
            held.forgetUnless(request.tenant(), registry::hasHeads);
        }
    }

    private static final class Waiting {
        private final Caller caller;
        private final AppliedWait wait;

        Waiting(Caller caller, AppliedWait wait) {
            this.caller = caller;
            this.wait = wait;
        }

        void stop() {
            caller.run(() ->
                    wait.fail(new Refused(Reason.STOPPING, "server: stopping (expected: a server that takes calls)")));
        }
    }
}
