// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import dev.reservoir.heads.Substrate;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.intake.ExampleIntake;
import dev.reservoir.server.intake.HeldObservations;
import dev.reservoir.server.memory.MemoryBudget;
import dev.reservoir.server.memory.MemoryReclaimer;
import dev.reservoir.server.memory.ServerMemory;
import dev.reservoir.server.metrics.Metrics;
import dev.reservoir.server.registry.HeadFactory;
import dev.reservoir.server.registry.HeadRegistry;
import java.time.Instant;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * A server without its network: the factory and the registry of heads, and the engine that runs them on one substrate.
 *
 * <p>Closing ends the decoding threads and the lanes first, then frees the heads and their factory: a lane that is
 * still inside native code would crash the process.
 */
public final class Core implements AutoCloseable {
    private static final int HELD_OBSERVATIONS = 4_096;
    private static final int MOST_DECODERS = 4;
    private static final long DECODING_SECONDS = 10;

    private final HeadFactory factory;
    private final HeadRegistry registry;
    private final Metrics metrics = new Metrics();
    /**
     * Help lanes with the answers of many heads: one thread per core, because the weights of that many heads come from
     * memory.
     */
    private final ExecutorService helpers;

    private final Engine engine;
    private final ExampleIntake intake;
    private final ServerMemory memory;
    /** Decode large payloads. */
    private final ExecutorService decoding;

    private final MemoryReclaimer reclaimer;
    private final LongSupplier nanoClock;

    /**
     * Starts the lanes.
     *
     * @param substrate outlives this
     * @param nanoClock the clock of deadlines and batches
     */
    public Core(Substrate substrate, CoreOptions options, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        memory = ServerMemory.of(Runtime.getRuntime().maxMemory(), options.nativeMemoryBytes());
        MemoryBudget traffic = memory.traffic();
        long cacheBytes = Math.min(options.featureCacheBytes(), traffic.limitBytes() / 2);
        traffic.account("feature cache", cacheBytes).reserve(cacheBytes);
        factory = new HeadFactory(substrate, memory.openAccounts());
        metrics.gauge("reservoir_heads_heap_bytes", "Heap reserved for heads and encoders.", memory.heads()::usedBytes);
        metrics.gauge("reservoir_heads_native_bytes", "Native memory reserved for heads.", memory.outside()::usedBytes);
        registry = new HeadRegistry(factory, options.maxHeads(), Instant::now);
        helpers = threads("answers-", Runtime.getRuntime().availableProcessors());
        engine = new Engine(
                substrate,
                new Engine.Settings(options.batches(), options.lanes(), cacheBytes),
                helpers,
                nanoClock,
                metrics);
        registry.whenDeleted(engine::forget);
        reclaimer = new MemoryReclaimer(() -> engine.status().batches(), nanoClock);
        MemoryBudget.Account held = traffic.account("held observations", traffic.limitBytes() / 4);
        intake = new ExampleIntake(registry, engine, new HeldObservations(HELD_OBSERVATIONS, held));
        decoding =
                threads("decoder-", Math.min(MOST_DECODERS, Runtime.getRuntime().availableProcessors()));
    }

    private static ExecutorService threads(String prefix, int count) {
        AtomicInteger started = new AtomicInteger();
        return Executors.newFixedThreadPool(count, work -> {
            Thread thread = new Thread(work, prefix + started.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        });
    }

    HeadFactory factory() {
        return factory;
    }

    public HeadRegistry registry() {
        return registry;
    }

    public Engine engine() {
        return engine;
    }

    ExampleIntake intake() {
        return intake;
    }

    /** The memory that clients may fill. */
    ServerMemory memory() {
        return memory;
    }

    /** Threads that decode large payloads. */
    Executor decoding() {
        return decoding;
    }

    LongSupplier nanoClock() {
        return nanoClock;
    }

    @Override
    public void close() {
        reclaimer.close();
        decoding.shutdown();
        try {
            if (!decoding.awaitTermination(DECODING_SECONDS, TimeUnit.SECONDS)) {
                decoding.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        engine.close();
        helpers.shutdown();
        registry.close();
        factory.close();
    }
}
