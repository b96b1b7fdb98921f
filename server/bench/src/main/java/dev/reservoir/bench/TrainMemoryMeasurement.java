// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Target;
import dev.reservoir.server.Core;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.engine.TrainingListener;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

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
            long before = residentBytes();
            long heapBefore = heapBytes();
            List<LiveHead> all = heads(core, "head-", heads);
            long start = subject.clock().getAsLong();
            train(core, all, observations, updates);
            long nanos = subject.clock().getAsLong() - start;
            JsonObject answer = new JsonObject();
            answer.addProperty("bytes", residentBytes() - before);
            answer.addProperty("heapBytes", heapBytes() - heapBefore);
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
        Counter counter = new Counter(heads.size() * updates);
        for (int update = 0; update < updates; update++) {
            for (int h = 0; h < heads.size(); h++) {
                Target target = new Target.Label(TextHeads.label((update + h) % TextHeads.CLASSES));
                Observation observation = observations.get((update + h) % observations.size());
                Engine engine = core.engine();
                engine.queue(
                        engine.prepare(heads.get(h), update + 1, new HashedObservation(observation), target, counter));
            }
        }
        counter.await();
    }

    /** Measures after collections, so that only live memory counts, not garbage. */
    private static long residentBytes() {
        System.gc();
        System.gc();
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("/proc/self/status: no VmRSS"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long heapBytes() {
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static final class Counter implements TrainingListener {
        private final CountDownLatch left;
        private final AtomicInteger refused = new AtomicInteger();

        Counter(int examples) {
            left = new CountDownLatch(examples);
        }

        @Override
        public void handled(int handled, List<Refusal> refusals, HeadVersion published) {
            refused.addAndGet(refusals.size());
            for (int i = 0; i < handled; i++) {
                left.countDown();
            }
        }

        @Override
        public void deleted() {
            throw new IllegalStateException("deleted (expected: a head that stays)");
        }

        @Override
        public void stopped() {
            throw new IllegalStateException("stopped (expected: an engine that runs)");
        }

        void await() {
            try {
                left.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
            if (refused.get() > 0) {
                throw new IllegalStateException(refused.get() + " examples refused (expected: none)");
            }
        }
    }
}
