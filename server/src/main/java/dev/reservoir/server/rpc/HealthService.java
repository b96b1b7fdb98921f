package dev.reservoir.server.rpc;

import com.google.rpc.Code;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.util.Set;

/** Tells whether the server, or one of its services, takes calls: {@code grpc.health.v1}. */
public final class HealthService {
    private final Set<String> services;

    /** @param services full names of those that are served; the empty name stands for the whole server */
    public HealthService(Set<String> services) {
        this.services = services;
    }

    public void bind(Methods methods) {
        methods.unary(HealthGrpc.getCheckMethod(), this::check);
        methods.unary(HealthGrpc.getWatchMethod(), this::watch);
    }

    private void check(ServerCall<HealthCheckRequest, HealthCheckResponse> call, HealthCheckRequest request) {
        if (serves(request.getService())) {
            call.endWith(response(ServingStatus.SERVING));
        } else {
            call.failPlainly(
                    Code.NOT_FOUND, "service: \"" + request.getService() + "\" (expected: one that is served)");
        }
    }

    /** The standard asks to answer for an unknown service too, and to go on. */
    private void watch(ServerCall<HealthCheckRequest, HealthCheckResponse> call, HealthCheckRequest request) {
        call.write(response(serves(request.getService()) ? ServingStatus.SERVING : ServingStatus.SERVICE_UNKNOWN));
        call.onStop(() -> {
            call.write(response(ServingStatus.NOT_SERVING));
            call.fail(Calls.stoppingNow());
        });
    }

    private boolean serves(String service) {
        return service.isEmpty() || services.contains(service);
    }

    private static HealthCheckResponse response(ServingStatus status) {
        return HealthCheckResponse.newBuilder().setStatus(status).build();
    }
}
