// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.engine.Engine.Query;
import dev.reservoir.server.memory.ServerMemory;
import dev.reservoir.server.metrics.Metrics;
import dev.reservoir.server.mixing.MixingSubstrate;
import dev.reservoir.server.registry.HeadFactory;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.BatchPolicy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;

/** Engines over a small substrate, heads for them, and what waits for their answers. */
abstract class EngineFixture {
    static final ModalitySpec TEXT = new ModalitySpec.Text(32);
    static final EncoderSpec MEAN = new EncoderSpec(Pooling.MEAN, 64, false);
    static final BatchPolicy POLICY = BatchPolicy.usual(1)
            .batchTokens(1 << 16)
            .batchItems(16)
            .sliceItems(8)
            .trainingLanes(99)
            .lightServing(0)
            .stepNanos(10_000_000)
            .maxQueued(64, 48)
            .build();
    private static final String[] WORDS = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"
    };

    final MixingSubstrate substrate = new MixingSubstrate();
    final HeadFactory factory =
            new HeadFactory(substrate, ServerMemory.of(8L << 30, 8L << 30).openAccounts());
    final HeadRegistry registry = new HeadRegistry(factory, 10_000, () -> Instant.EPOCH);
    final List<Engine> engines = new ArrayList<>();

    @AfterEach
    void close() {
        engines.forEach(Engine::close);
        registry.close();
        factory.close();
    }

    final Metrics metrics = new Metrics();

    /** An engine with executor and clock of the test's own, counting in {@link #metrics}. */
    Engine engine(BatchPolicy policy, Executor helpers, LongSupplier clock) {
        Engine engine = new Engine(substrate, new Engine.Settings(policy, 1, 0), helpers, clock, metrics);
        engines.add(engine);
        return engine;
    }

    Engine engine(int lanes, long cacheBytes) {
        Engine engine = new Engine(
                substrate,
                new Engine.Settings(POLICY, lanes, cacheBytes),
                Runnable::run,
                System::nanoTime,
                new Metrics());
        engines.add(engine);
        return engine;
    }

    static HeadSpec spec(String tenant, String id) {
        return new HeadSpec(
                new HeadName(tenant, id),
                TEXT,
                new Task.Classification(List.of(), 8),
                MEAN,
                new LearningSpec.RecursiveLeastSquares(1, 1, 64),
                0);
    }

    LiveHead head(String tenant, String id) {
        return registry.create(spec(tenant, id), "");
    }

    static Call call(String tenant) {
        return new Call(tenant, Long.MAX_VALUE, () -> false);
    }

    static Observation.Text text(SplittableRandom random) {
        StringBuilder words = new StringBuilder();
        int count = 1 + random.nextInt(6);
        for (int i = 0; i < count; i++) {
            words.append(WORDS[random.nextInt(WORDS.length)]).append(' ');
        }
        return new Observation.Text(words.toString());
    }

    static Target label(Observation.Text text) {
        return new Target.Label(text.text().contains("two") ? "with" : "without");
    }

    static class Answer<R> implements Completion<R> {
        final CompletableFuture<R> future = new CompletableFuture<>();

        @Override
        public void completed(R result) {
            assertThat(future.complete(result)).isTrue();
        }

        @Override
        public void refused(Refused why) {
            assertThat(future.completeExceptionally(why)).isTrue();
        }

        R get() throws Exception {
            return future.get(30, TimeUnit.SECONDS);
        }

        Reason reason() {
            return future.handle((result, why) -> ((Refused) why).reason())
                    .orTimeout(30, TimeUnit.SECONDS)
                    .join();
        }
    }

    static final class Progress implements TrainingListener {
        final List<Refusal> refusals = Collections.synchronizedList(new ArrayList<>());
        final CompletableFuture<Void> end = new CompletableFuture<>();
        private final CountDownLatch handled;
        volatile long appliedThrough;

        Progress(int expected) {
            handled = new CountDownLatch(expected);
        }

        @Override
        public void handled(int count, List<Refusal> refused, HeadVersion published) {
            refusals.addAll(refused);
            assertThat(published.appliedThrough()).isGreaterThan(appliedThrough);
            appliedThrough = published.appliedThrough();
            for (int i = 0; i < count; i++) {
                handled.countDown();
            }
        }

        @Override
        public void deleted() {
            end.complete(null);
        }

        @Override
        public void stopped() {
            end.complete(null);
        }

        void await() throws InterruptedException {
            assertThat(handled.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    static void train(
            Engine engine, LiveHead head, long sequence, Observation observation, Target target, Progress progress) {
        if (!engine.queue(engine.prepare(head, sequence, new HashedObservation(observation), target, progress))) {
            progress.stopped();
        }
    }

    static void predict(
            Engine engine,
            Call call,
            LiveHead head,
            Observation observation,
            Completion<List<HeadOutcome>> completion) {
        engine.predict(
                call,
                new Query(List.of(head), new HashedObservation(observation), 1),
                (index, outcome) -> outcome,
                completion);
    }

    List<HeadOutcome> predict(Engine engine, List<LiveHead> heads, Observation observation) throws Exception {
        Answer<List<HeadOutcome>> answer = new Answer<>();
        engine.predict(
                call(heads.get(0).name().tenant()),
                new Query(heads, new HashedObservation(observation), 8),
                (index, outcome) -> outcome,
                answer);
        return answer.get();
    }
}
