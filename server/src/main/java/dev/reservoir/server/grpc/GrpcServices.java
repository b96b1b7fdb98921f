package dev.reservoir.server.grpc;

import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.rpc.ErrorDetailsProto;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.memory.MemoryBudget;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeldObservations;
import dev.reservoir.server.rpc.HealthService;
import dev.reservoir.server.rpc.Methods;
import dev.reservoir.server.rpc.ReflectionService;
import dev.reservoir.server.rpc.RpcServer;
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
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
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
     * @param nanoClock the engine's clock, on which deadlines are told
     * @param version the server's version
     * @param memory what requests count against
     */
    public GrpcServices(
            Vertx vertx,
            HeadRegistry registry,
            Engine engine,
            Encoders encoders,
            HeldObservations held,
            SubstrateInfo substrate,
            String version,
            ServiceLimits limits,
            MemoryBudget memory,
            LongSupplier nanoClock) {
        // Half of what clients may fill: requests that arrive must not crowd out what is kept for longer.
        MemoryBudget.Account requests = memory.account("requests", memory.limitBytes() / 2);
        this.server = new RpcServer(vertx, limits.transport(), requests, nanoClock, List.of());
        Methods methods = server.methods();
        new HeadService(registry, engine, new HeadView(substrate), limits.creations()).bind(methods);
        new TrainingService(registry, engine, held, limits.trainCredits()).bind(methods);
        Predictor predictor = new Predictor(registry, engine, held, server.statuses(), limits.appliedWaitMillis());
        new InferenceService(predictor, limits.streamHeads()).bind(methods);
        new SubstrateService(substrate, version, engine, encoders, new ResidentBytes(Path.of("/proc/self/status")))
                .bind(methods);
        Set<String> names = ALL.stream().map(ServiceDescriptor::getName).collect(Collectors.toUnmodifiableSet());
        new HealthService(names, () -> engine.health().serving()).bind(methods);
        List<FileDescriptor> others = List.of(ErrorReason.getDescriptor().getFile(), ErrorDetailsProto.getDescriptor());
        new ReflectionService(ALL, others).bind(methods);
    }

    /** Answers requests whose content type is gRPC's; any other gets 415. */
    public Handler<HttpServerRequest> handler() {
        return server.handler();
    }

    /** Calls under way. */
    public int activeCalls() {
        return server.activeCalls();
    }

    /**
     * Refuses new calls with STOPPING, answers what streams have taken in, ends them, and completes when no call is left. Calls left after
     * {@code limit} are ended as they are. The engine must go on meanwhile.
     */
    public Future<Void> drain(Duration limit) {
        return server.drain(limit);
    }
}
