// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import com.google.protobuf.Message;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The served methods by name, and the interceptors that every call of them passes through. Thread-safe. */
public final class Methods {
    private final Calls calls;
    private final List<Interceptor> interceptors;
    private final Map<String, Starter> starters = new ConcurrentHashMap<>();

    /** Handles a call; messages arrive once it fetches them. */
    public interface StreamHandler<Q extends Message, P extends Message> {
        void start(ServerCall<Q, P> call);
    }

    /** Handles the only request of a call. */
    public interface RequestHandler<Q extends Message, P extends Message> {
        void handle(ServerCall<Q, P> call, Q request);
    }

    /** Starts a call of one method. */
    private interface Starter {
        void start(HttpServerRequest request);
    }

    Methods(Calls calls, List<Interceptor> interceptors) {
        this.calls = calls;
        this.interceptors = List.copyOf(interceptors);
    }

    public <Q extends Message, P extends Message> void stream(
            MethodDescriptor<Q, P> method, StreamHandler<Q, P> handler) {
        String name = method.getFullMethodName();
        Q prototype = prototype(method);
        Starter starter = request -> {
            ServerCall<Q, P> call = new ServerCall<>(calls, name, prototype, request);
            call.begin(() -> proceed(call, 0, () -> handler.start(call)));
        };
        if (starters.putIfAbsent(name, starter) != null) {
            throw new IllegalArgumentException("method: " + name + " twice (expected: once)");
        }
    }

    /** A method whose client sends exactly one request, whatever comes back. */
    public <Q extends Message, P extends Message> void unary(
            MethodDescriptor<Q, P> method, RequestHandler<Q, P> handler) {
        stream(method, call -> new OneRequest<>(call, handler).start());
    }

    /** Starts a call on the current context. */
    void start(String method, HttpServerRequest request) {
        Starter starter = starters.get(method);
        if (starter == null) {
            throw new Refused(
                    Reason.UNIMPLEMENTED,
                    "method: " + method + " (expected: one that server reflection lists)",
                    Map.of("field", "method"));
        }
        starter.start(request);
    }

    private void proceed(ServerCall<?, ?> call, int next, Runnable method) {
        if (next == interceptors.size()) {
            method.run();
        } else {
            interceptors.get(next).intercept(call, () -> proceed(call, next + 1, method));
        }
    }

    private static <Q extends Message> Q prototype(MethodDescriptor<Q, ?> method) {
        return Objects.requireNonNull(((PrototypeMarshaller<Q>) method.getRequestMarshaller()).getMessagePrototype());
    }

    private static final class OneRequest<Q extends Message, P extends Message> {
        private final ServerCall<Q, P> call;
        private final RequestHandler<Q, P> handler;
        private @Nullable Q request;

        OneRequest(ServerCall<Q, P> call, RequestHandler<Q, P> handler) {
            this.call = call;
            this.handler = handler;
        }

        void start() {
            call.onMessage((message, bytes) -> {
                if (request != null) {
                    throw order("2 requests");
                }
                request = message;
                call.fetch();
            });
            call.onHalfClosed(() -> {
                Q only = request;
                if (only == null) {
                    throw order("no request");
                }
                handler.handle(call, only);
            });
            call.fetch();
        }

        private static Refused order(String met) {
            return new Refused(Reason.STREAM_ORDER, "request: " + met + " (expected: exactly one)");
        }
    }
}
