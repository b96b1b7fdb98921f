// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.rpc.ErrorDetailsProto;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.intake.ExampleIntake;
import dev.reservoir.server.memory.MemoryBudget;
import dev.reservoir.server.memory.ServerMemory;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.rpc.HealthService;
import dev.reservoir.server.rpc.Methods;
import dev.reservoir.server.rpc.ReflectionService;
import dev.reservoir.server.rpc.RpcServer;
import dev.reservoir.server.serving.PredictionService;
import dev.reservoir.v1.ErrorReason;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.SubstrateServiceGrpc;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.ServiceDescriptor;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** All services of this server, bound to a {@link RpcServer}. */
public final class GrpcServices {
    private static final List<ServiceDescriptor> OWN = List.of(
            HeadServiceGrpc.getServiceDescriptor(),
            InferenceServiceGrpc.getServiceDescriptor(),
            SubstrateServiceGrpc.getServiceDescriptor(),
            TrainingServiceGrpc.getServiceDescriptor());
    private static final List<ServiceDescriptor> ALL = Stream.concat(
                    OWN.stream(),
                    Stream.of(
                            HealthGrpc.getServiceDescriptor(),
                            ServerReflectionGrpc.getServiceDescriptor(),
                            io.grpc.reflection.v1alpha.ServerReflectionGrpc.getServiceDescriptor()))
            .toList();

    private final RpcServer server;

    /**
     * Creates the services.
     *
     * @param decoding the threads that decode large payloads
     * @param memory the memory that clients may fill
     */
    public record Backend(
            HeadRegistry registry,
            Engine engine,
            ExampleIntake intake,
            PredictionService predictions,
            EncoderSource encoders,
            Executor decoding,
            ServerMemory memory) {}

    /** How the server describes itself to clients. */
    public record Identity(SubstrateInfo substrate, String version) {}

    private final PredictionService predictions;

    /** @param nanoClock the engine's clock, on which deadlines are measured */
    public GrpcServices(Vertx vertx, Backend backend, Identity identity, ServiceLimits limits, LongSupplier nanoClock) {
        // Half of what clients may fill: arriving requests must not crowd out what is kept for longer.
        MemoryBudget traffic = backend.memory().traffic();
        MemoryBudget.Account requests = traffic.account("requests", traffic.limitBytes() / 2);
        this.server = new RpcServer(vertx, limits.transport(), requests, nanoClock, List.of());
        this.predictions = backend.predictions();
        Methods methods = server.methods();
        DecodeWorkers workers = new DecodeWorkers(backend.decoding());
        MemoryBudget.Account examples = traffic.account("outstanding examples", traffic.limitBytes() / 2);
        new HeadService(backend.registry(), backend.engine(), new HeadView(identity.substrate()), limits.creations())
                .bind(methods);
        new TrainingService(backend.intake(), workers, examples, limits.trainCredits()).bind(methods);
        new InferenceService(new Predictor(backend.predictions(), workers, server.statuses()), limits.streamHeads())
                .bind(methods);
        EncoderCreations creations = new EncoderCreations(vertx, backend.encoders(), limits.creations());
        new SubstrateService(identity, backend.engine(), backend.memory(), creations, workers).bind(methods);
        Set<String> names = ALL.stream().map(ServiceDescriptor::getName).collect(Collectors.toUnmodifiableSet());
        new HealthService(names, () -> backend.engine().health().serving()).bind(methods);
        List<FileDescriptor> others = List.of(ErrorReason.getDescriptor().getFile(), ErrorDetailsProto.getDescriptor());
        new ReflectionService(ALL, others).bind(methods);
    }

    /** Handles requests with a gRPC content type; any other is answered with 415. */
    public Handler<HttpServerRequest> handler() {
        return server.handler();
    }

    /** The number of calls in progress. */
    public int activeCalls() {
        return server.activeCalls();
    }

    /**
     * Refuses new calls with STOPPING, answers the requests that streams have accepted, ends the streams, and completes
     * when no call is left. Calls that remain after {@code limit} are aborted. The engine must keep running meanwhile.
     */
    public Future<Void> drain(Duration limit) {
        predictions.stop();
        return server.drain(limit);
    }
}
