// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Target;
import dev.reservoir.server.Core;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code train-memory}: what {@code heads} FPT heads that have each learned {@code updates} examples of 16 tokens, one
 * an update, add to a process that has been at work with some: {@code heapBytes}, after a collection, and {@code bytes}
 * resident, which means something for many heads only; what their learners account for; and the time an example took in
 * the engine while all of them learned concurrently. Run once per process.
 */
final class TrainMemoryMeasurement implements Measurement {
    private static final int TOKENS = 16;
    /** As many heads as fill a pass. */
    private static final int WARMING = 128;

    private final Subject subject;

    TrainMemoryMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        int heads = request.integer("heads", 1, 10_000);
        int updates = request.integer("updates", 1, 10_000);
        List<Observation> observations = TrainingHeads.observations(TOKENS);
        try (Core core = subject.core(0)) {
            int warming = Math.min(heads, WARMING);
            train(core, heads(core, "warm-", warming), observations, WARMING / warming);
            ProcessMemory before = ProcessMemory.now();
            List<LiveHead> all = heads(core, "head-", heads);
            long start = subject.clock().getAsLong();
            train(core, all, observations, updates);
            long nanos = subject.clock().getAsLong() - start;
            ProcessMemory after = ProcessMemory.now();
            JsonObject answer = new JsonObject();
            answer.addProperty("bytes", after.residentBytes() - before.residentBytes());
            answer.addProperty("heapBytes", after.heapBytes() - before.heapBytes());
            answer.addProperty(
                    "accountedBytes",
                    all.stream()
                            .mapToLong(head -> head.published().residentBytes())
                            .sum());
            answer.addProperty("nanosPerExample", nanos / ((long) heads * updates));
            return answer;
        }
    }

    private static List<LiveHead> heads(Core core, String prefix, int count) {
        List<LiveHead> heads = new ArrayList<>();
        for (int h = 0; h < count; h++) {
            heads.add(core.registry().create(TrainingHeads.spec(prefix + h, 1, TOKENS), ""));
        }
        return heads;
    }

    private static void train(Core core, List<LiveHead> heads, List<Observation> observations, int updates) {
        Trainer trainer = new Trainer(core, heads.size() * updates);
        for (int update = 0; update < updates; update++) {
            for (int h = 0; h < heads.size(); h++) {
                Target target = new Target.Label(TextHeads.label((update + h) % TextHeads.CLASSES));
                trainer.queue(heads.get(h), update + 1, observations.get((update + h) % observations.size()), target);
            }
        }
        trainer.await();
    }
}
