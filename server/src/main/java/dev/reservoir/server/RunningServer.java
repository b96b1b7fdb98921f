package dev.reservoir.server;

import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.grpc.GrpcServices;
import dev.reservoir.server.grpc.ServiceLimits;
import dev.reservoir.server.registry.HeadFactory;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeldObservations;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.rpc.GrpcListener;
import dev.reservoir.server.substrate.OpenSubstrate;
import dev.reservoir.server.substrate.Substrates;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServerOptions;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A server that runs: every room, wired by plain constructors. Closing it drains calls, then lanes, then frees the natives. */
final class RunningServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunningServer.class);
    private static final Duration DRAIN = Duration.ofSeconds(10);
    private static final long NETWORK_SECONDS = 15;
    private static final int HELD_OBSERVATIONS = 4_096;
    private static final long HELD_BYTES = 64L << 20;

    private final OpenSubstrate open;
    private final HeadFactory factory;
    private final HeadRegistry registry;
    private final Engine engine;
    private final Vertx vertx;
    private final GrpcServices services;
    private final GrpcListener listener;

    private RunningServer(
            OpenSubstrate open,
            HeadFactory factory,
            HeadRegistry registry,
            Engine engine,
            Vertx vertx,
            GrpcServices services,
            GrpcListener listener) {
        this.open = open;
        this.factory = factory;
        this.registry = registry;
        this.engine = engine;
        this.vertx = vertx;
        this.services = services;
        this.listener = listener;
    }

    /** Loads the substrate, starts the lanes and listens. */
    static RunningServer start(ServerOptions options) {
        OpenSubstrate open = Substrates.open(options.substrate());
        SubstrateInfo info = open.substrate().info();
        HeadFactory factory = new HeadFactory(open.substrate(), open.tokenizer());
        HeadRegistry registry = new HeadRegistry(factory, options.maxHeads(), Instant::now);
        Engine engine = new Engine(
                open.substrate(), options.batches(), options.lanes(), options.featureCacheBytes(), System::nanoTime);
        Vertx vertx = Vertx.vertx(new VertxOptions()
                .setEventLoopPoolSize(options.eventLoops())
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
        ServiceLimits limits = ServiceLimits.defaults();
        GrpcServices services = new GrpcServices(
                vertx,
                registry,
                engine,
                factory.encoders()::encoder,
                new HeldObservations(HELD_OBSERVATIONS, HELD_BYTES),
                info,
                Version.text(),
                limits,
                System::nanoTime);
        HttpServerOptions address =
                GrpcListener.options(limits.transport()).setHost(options.host()).setPort(options.port());
        try {
            GrpcListener listener =
                    await(GrpcListener.listen(vertx, services.handler(), address, options.eventLoops()));
            return new RunningServer(open, factory, registry, engine, vertx, services, listener);
        } catch (RuntimeException e) {
            free(vertx, engine, registry, factory, open);
            Throwable cause = e instanceof CompletionException && e.getCause() != null ? e.getCause() : e;
            throw new StartFailure(
                    "--port: " + options.port() + " on " + options.host() + " could not be opened: "
                            + cause.getMessage() + " (expected: a free port; 0 takes one)",
                    cause);
        }
    }

    int port() {
        return listener.port();
    }

    /** Writes what runs to the log. */
    void announce(long startMillis) {
        SubstrateInfo info = open.substrate().info();
        LOG.info(
                "Substrate {} ({} M parameters, digest {}) in {} on {}: {}",
                info.name(),
                String.format("%.1f", info.parameters() / 1e6),
                info.digest().substring(0, 12),
                info.precision(),
                info.device(),
                info.precisionReason());
        LOG.info("Co-batching: {}", info.coBatchingCheck());
        LOG.info(
                "{} lanes, feature cache of {} MiB, heads in memory only; loopback only, for no credentials are known",
                engine.status().lanes(),
                engine.status().featureCacheLimitBytes() >> 20);
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
        free(vertx, engine, registry, factory, open);
        LOG.info("Stopped");
    }

    /** The lanes end before anything they use is freed: leaving one inside native code crashes the process. */
    private static void free(
            Vertx vertx, Engine engine, HeadRegistry registry, HeadFactory factory, OpenSubstrate open) {
        engine.close();
        for (LiveHead head : registry.all()) {
            head.learner().close();
        }
        factory.close();
        open.close();
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
