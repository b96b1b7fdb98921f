// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.intake.ExampleIntake;
import dev.reservoir.server.intake.HeldObservations;
import dev.reservoir.server.memory.MemoryBudget;
import dev.reservoir.server.memory.ServerMemory;
import dev.reservoir.server.metrics.Metrics;
import dev.reservoir.server.mixing.MixingSubstrate;
import dev.reservoir.server.registry.HeadFactory;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.rpc.GrpcListener;
import dev.reservoir.server.schedule.BatchPolicy;
import dev.reservoir.server.serving.PredictionService;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A whole server on a free loopback port, and channels to it. */
final class TestServer implements AutoCloseable {
    static final Instant CREATED = Instant.parse("2026-01-02T03:04:05Z");
    private static final long MILLI = 1_000_000;

    final MixingSubstrate substrate = new MixingSubstrate();
    final Vertx vertx = Vertx.vertx();
    final HeadRegistry registry;
    final Engine engine;
    final ExampleIntake intake;
    final ServerMemory memory;
    final ServerMemory.Accounts accounts;
    final HeadFactory factory;
    final MemoryBudget.Account held;
    final GrpcServices services;
    private final ExecutorService decoding = Executors.newFixedThreadPool(2);
    private final GrpcListener listener;
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<CountDownLatch> gates = new ArrayList<>();
    private volatile HeldCreations heldCreations = new HeldCreations(null);

    static TestServer start() {
        return new TestServer(ServiceLimits.defaults(), 100, 10_000, ample());
    }

    static TestServer start(ServiceLimits limits) {
        return new TestServer(limits, 100, 10_000, ample());
    }

    static TestServer startWith(int maxHeads, int maxQueued) {
        return new TestServer(ServiceLimits.defaults(), maxHeads, maxQueued, ample());
    }

    /** A server for many heads in the given memory. */
    static TestServer startWith(ServerMemory memory) {
        return new TestServer(ServiceLimits.defaults(), 100_000, 10_000, memory);
    }

    private static ServerMemory ample() {
        return ServerMemory.of(8L << 30, 1L << 30);
    }

    private TestServer(ServiceLimits limits, int maxHeads, int maxQueued, ServerMemory memory) {
        this.memory = memory;
        accounts = memory.openAccounts();
        factory = new HeadFactory(substrate, accounts);
        SubstrateInfo info = substrate.info();
        registry = new HeadRegistry(
                spec -> {
                    heldCreations.pass(spec.name().head());
                    HeadLearner learner = factory.create(spec);
                    return spec.name().head().startsWith("fails-")
                            ? new FailingLearner((FeatureLearner) learner)
                            : learner;
                },
                maxHeads,
                () -> CREATED);
        BatchPolicy policy = BatchPolicy.usual(3)
                .batchTokens(4_096)
                .trainingShare(0.25)
                .lightServing(0)
                .stepNanos(20 * MILLI)
                .maxQueued(maxQueued, maxQueued)
                .build();
        engine = new Engine(
                substrate, new Engine.Settings(policy, 2, 1 << 20), Runnable::run, System::nanoTime, new Metrics());
        registry.whenDeleted(engine::forget);
        held = memory.traffic().account("held observations", 8 << 20);
        intake = new ExampleIntake(registry, engine, new HeldObservations(4_096, held));
        PredictionService predictions =
                new PredictionService(registry, engine, intake.held(), limits.appliedWaitMillis());
        services = new GrpcServices(
                vertx,
                new GrpcServices.Backend(
                        registry, engine, intake, predictions, factory.encoders()::lease, decoding, memory),
                new GrpcServices.Identity(info, "test"),
                limits,
                System::nanoTime);
        listener = await(GrpcListener.listen(
                vertx, services.handler(), limits.transport(), new GrpcListener.Address("127.0.0.1", 0), 2));
    }

    int port() {
        return listener.port();
    }

    /** A channel with a connection of its own. */
    ManagedChannel channel() {
        return channelTo(port());
    }

    ManagedChannel channelTo(int port) {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .flowControlWindow(64 << 10)
                .maxInboundMessageSize(64 << 20)
                .build();
        channels.add(channel);
        return channel;
    }

    LiveHead head(String name) {
        return registry.get(HeadName.parse(name));
    }

    /** The number of the last accepted example of a head. */
    long admitted(String head) {
        return intake.admittedThrough(head(Messages.name(head)));
    }

    /** The number of the last example that a head's published state has learned. */
    long applied(String head) {
        return head(Messages.name(head)).published().appliedThrough();
    }

    /** Blocks the substrate's passes until the latch is counted down. */
    CountDownLatch blockPasses() {
        CountDownLatch gate = new CountDownLatch(1);
        gates.add(gate);
        substrate.blockUntil(gate);
        return gate;
    }

    /** Holds every creation of a learner back whose head's id begins so, until released. */
    HeldCreations holdCreations(String prefix) {
        heldCreations = new HeldCreations(prefix);
        gates.add(heldCreations.released);
        return heldCreations;
    }

    /** Creations of learners that wait until a test releases them. */
    static final class HeldCreations {
        private final @Nullable String prefix;
        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);

        private HeldCreations(@Nullable String prefix) {
            this.prefix = prefix;
        }

        private void pass(String head) {
            if (prefix != null && head.startsWith(prefix)) {
                entered.countDown();
                try {
                    released.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }

        /** Waits until one is held. */
        void await() throws InterruptedException {
            assertThat(entered.await(30, TimeUnit.SECONDS)).isTrue();
        }

        void release() {
            released.countDown();
        }
    }

    static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    Future<Void> drain(Duration limit) {
        return services.drain(limit);
    }

    @Override
    public void close() {
        gates.forEach(CountDownLatch::countDown);
        channels.forEach(ManagedChannel::shutdownNow);
        await(listener.close());
        decoding.shutdown();
        engine.close();
        registry.close();
        factory.close();
        await(vertx.close());
    }
}
