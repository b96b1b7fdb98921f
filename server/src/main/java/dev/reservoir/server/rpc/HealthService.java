// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import com.google.rpc.Code;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reports whether the server, or one of its services, is serving: {@code grpc.health.v1}. */
public final class HealthService {
    /** Interval at which a watch polls its source: a change is reported within this time. */
    private static final long WATCH_MILLIS = 250;

    private final Set<String> services;
    private final HealthSource source;

    /** @param services full names of those that are served; the empty name stands for the whole server */
    public HealthService(Set<String> services, HealthSource source) {
        this.services = services;
        this.source = source;
    }

    public void bind(Methods methods) {
        methods.unary(HealthGrpc.getCheckMethod(), this::check);
        methods.unary(HealthGrpc.getWatchMethod(), (call, request) -> new Watch(call, request.getService()).start());
    }

    private void check(ServerCall<HealthCheckRequest, HealthCheckResponse> call, HealthCheckRequest request) {
        if (serves(request.getService())) {
            call.endWith(response(status()));
        } else {
            call.failPlainly(
                    Code.NOT_FOUND, "service: \"" + request.getService() + "\" (expected: one that is served)");
        }
    }

    private boolean serves(String service) {
        return service.isEmpty() || services.contains(service);
    }

    private ServingStatus status() {
        return source.serving() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    }

    private static HealthCheckResponse response(ServingStatus status) {
        return HealthCheckResponse.newBuilder().setStatus(status).build();
    }

    /** Sends the status now and after each change, only the newest to a client that reads slowly. */
    private final class Watch {
        private final ServerCall<HealthCheckRequest, HealthCheckResponse> call;
        private final String service;
        private @Nullable ServingStatus sent;

        Watch(ServerCall<HealthCheckRequest, HealthCheckResponse> call, String service) {
            this.call = call;
            this.service = service;
        }

        void start() {
            watch();
            call.onStop(() -> {
                call.write(response(ServingStatus.NOT_SERVING));
                call.fail(Calls.stoppingNow());
            });
        }

        private void watch() {
            send();
            call.after(WATCH_MILLIS, this::watch);
        }

        /** The protocol requires an answer for an unknown service too, and the watch to continue. */
        private void send() {
            ServingStatus now = serves(service) ? status() : ServingStatus.SERVICE_UNKNOWN;
            if (now != sent && call.writable()) {
                sent = now;
                call.write(response(now));
            }
        }
    }
}
