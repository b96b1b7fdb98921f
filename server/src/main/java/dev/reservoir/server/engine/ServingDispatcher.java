// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadKind;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.OutcomeEncoder;
import dev.reservoir.server.engine.Engine.Query;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Turns predictions and embeddings into serving tasks: one for each encoder that reads the observation, priced by what
 * its heads cost, all of a request queued or none. The observation is admitted once for each reader. Thread-safe.
 */
final class ServingDispatcher {
    private final LaneQueue queue;
    private final FeatureCache cache;
    private final WorkPrices prices;
    private final Executor helpers;
    private final LongSupplier clock;

    /** @param helpers threads that help lanes with the answers of many heads; may reject work */
    ServingDispatcher(LaneQueue queue, FeatureCache cache, WorkPrices prices, Executor helpers, LongSupplier clock) {
        this.queue = queue;
        this.cache = cache;
        this.prices = prices;
        this.helpers = helpers;
        this.clock = clock;
    }

    /** See {@link Engine#predict}. */
    <R> void predict(Call call, Query query, OutcomeEncoder<R> encoder, Completion<List<R>> completion) {
        Map<ObservationEncoder, List<Integer>> byEncoder = new LinkedHashMap<>();
        List<LiveHead> heads = query.heads();
        @Nullable HeadVersion[] bound = new HeadVersion[heads.size()];
        double[] answerTokens = new double[bound.length];
        for (int i = 0; i < bound.length; i++) {
            HeadVersion version = heads.get(i).published();
            // The next version of an FPT head may use other features: those of its own parameters, or of its frozen
            // baseline.
            if (version.spec().learning().kind() != HeadKind.READOUT) {
                bound[i] = version;
            }
            answerTokens[i] = prices.answer(version);
            byEncoder
                    .computeIfAbsent(version.snapshot().encoder(), unused -> new ArrayList<>())
                    .add(i);
        }
        PredictionFan<R> fan = new PredictionFan<>(
                query, bound, byEncoder.size(), new PredictionFan.Answering<>(encoder, helpers, completion));
        Request request = new Request(call, query.observation());
        byEncoder.forEach((reads, indices) -> {
            double tokens = indices.stream().mapToDouble(i -> answerTokens[i]).sum();
            request.read(
                    reads,
                    tokens,
                    fan.part(indices.stream().mapToInt(Integer::intValue).toArray()));
        });
        request.queue();
    }

    /** See {@link Engine#embed}. */
    void embed(Call call, ObservationEncoder encoder, HashedObservation observation, Completion<Features> completion) {
        Request request = new Request(call, observation);
        request.read(encoder, 0, completion);
        request.queue();
    }

    /** The tasks of one request. */
    private final class Request {
        private final Call call;
        private final Admissions observation;
        private final List<ServingTask> tasks = new ArrayList<>();

        Request(Call call, HashedObservation observation) {
            this.call = call;
            this.observation = new Admissions(observation);
        }

        /**
         * Adds the task that reads the observation with an encoder, or refuses it.
         *
         * @param answerTokens what the answers from the features cost
         */
        void read(ObservationEncoder encoder, double answerTokens, Completion<Features> completion) {
            try {
                FeatureRequest features = FeatureRequest.of(call.tenant(), encoder, observation, cache);
                int tokens = features.tokens() + (int) Math.ceil(answerTokens);
                tasks.add(new ServingTask(call, features, tokens, clock.getAsLong(), completion));
            } catch (Refused refused) {
                completion.refused(refused);
            }
        }

        /** Queues the tasks, all or none. */
        void queue() {
            Refused refused = switch (queue.offer(tasks)) {
                case TAKEN -> null;
                case FULL ->
                    new Refused(
                            Reason.OVERLOADED,
                            "queue: no " + tasks.size()
                                    + " places are left (expected: a client that waits for answers)");
                case CLOSED, DELETED -> Engine.stopping();
            };
            if (refused != null) {
                tasks.forEach(task -> task.refuse(refused));
            }
        }
    }
}
