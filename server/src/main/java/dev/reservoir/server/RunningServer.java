// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.grpc.GrpcServices;
import dev.reservoir.server.grpc.ServiceLimits;
import dev.reservoir.server.rpc.GrpcListener;
import dev.reservoir.server.serving.PredictionService;
import dev.reservoir.server.startup.HostPort;
import dev.reservoir.server.startup.StartFailure;
import dev.reservoir.server.substrate.Substrates;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running server: a substrate, a {@link Core} on it and the network around it. Closing drains the calls, then ends
 * the lanes, then frees native memory.
 */
final class RunningServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunningServer.class);
    private static final Duration DRAIN = Duration.ofSeconds(10);
    private static final long NETWORK_SECONDS = 15;

    private final Substrate substrate;
    private final Core core;
    private final Vertx vertx;
    private final GrpcServices services;
    private final GrpcListener listener;
    private final HostPort grpc;

    private RunningServer(
            Substrate substrate, Core core, Vertx vertx, GrpcServices services, GrpcListener listener, HostPort grpc) {
        this.substrate = substrate;
        this.core = core;
        this.vertx = vertx;
        this.services = services;
        this.listener = listener;
        this.grpc = grpc;
    }

    /**
     * Loads the substrate, starts the lanes and listens.
     *
     * @throws IllegalArgumentException if an option is wrong, or its port cannot be opened
     * @throws StartFailure if this machine lacks a requirement
     */
    static RunningServer start(ServerOptions options) {
        ListenAddress address = options.address();
        address.checkFree();
        Substrate substrate = Substrates.open(options.substrate());
        Core core = new Core(substrate, options.core(), System::nanoTime);
        Vertx vertx = Vertx.vertx(new VertxOptions()
                .setEventLoopPoolSize(options.eventLoops())
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
        ServiceLimits limits = ServiceLimits.defaults();
        GrpcServices services = services(vertx, core, substrate, limits);
        try {
            GrpcListener listener = await(GrpcListener.listen(
                    vertx,
                    services.handler(),
                    limits.transport(),
                    new GrpcListener.Address(address.host(), address.port()),
                    options.eventLoops()));
            return new RunningServer(substrate, core, vertx, services, listener, address.opened(listener.port()));
        } catch (RuntimeException e) {
            free(vertx, core, substrate);
            Throwable cause = e instanceof CompletionException && e.getCause() != null ? e.getCause() : e;
            throw address.notOpened(cause);
        }
    }

    private static GrpcServices services(Vertx vertx, Core core, Substrate substrate, ServiceLimits limits) {
        PredictionService predictions = new PredictionService(
                core.registry(), core.engine(), core.intake().held(), limits.appliedWaitMillis());
        GrpcServices.Backend backend = new GrpcServices.Backend(
                core.registry(),
                core.engine(),
                core.intake(),
                predictions,
                core.factory().encoders()::lease,
                core.decoding(),
                core.memory());
        GrpcServices.Identity identity = new GrpcServices.Identity(substrate.info(), Version.text());
        return new GrpcServices(vertx, backend, identity, limits, core.nanoClock());
    }

    /** The address that gRPC clients connect to. */
    HostPort grpc() {
        return grpc;
    }

    /** Logs the configuration that is running. */
    void announce(long startMillis) {
        SubstrateInfo info = substrate.info();
        LOG.info(
                "Substrate {} ({} M parameters, digest {}) in {} on {}: {}",
                info.name(),
                String.format("%.1f", info.shape().parameters() / 1e6),
                info.digest().substring(0, 12),
                info.numerics().precision(),
                info.numerics().device(),
                info.numerics().precisionReason());
        LOG.info("Co-batching: {}", info.numerics().coBatchingCheck());
        LOG.info(
                "{} lanes, feature cache of {} MiB, heads in memory only ({} MiB of heap, {} MiB of native memory);"
                        + " loopback only, for no credentials are known",
                core.engine().status().lanes(),
                core.engine().status().featureCacheLimitBytes() >> 20,
                core.memory().heads().limitBytes() >> 20,
                core.memory().outside().limitBytes() >> 20);
        LOG.info("Ready after {} ms", startMillis);
    }

    @Override
    public void close() {
        LOG.info("Stopping: {} calls under way", services.activeCalls());
        try {
            await(services.drain(DRAIN));
            await(listener.close());
        } catch (RuntimeException e) {
            LOG.warn("Calls could not be drained: {}", e.toString());
        }
        free(vertx, core, substrate);
        LOG.info("Stopped");
    }

    /** The lanes end before anything they use is freed. */
    private static void free(Vertx vertx, Core core, Substrate substrate) {
        core.close();
        substrate.close();
        try {
            await(vertx.close());
        } catch (RuntimeException e) {
            LOG.warn("The network threads did not end: {}", e.toString());
        }
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(NETWORK_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CompletionException(e);
        } catch (TimeoutException e) {
            throw new CompletionException(e);
        } catch (ExecutionException e) {
            throw new CompletionException(e.getCause());
        }
    }
}
