// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.memory.MemoryBudget;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.LongSupplier;

/**
 * Answers gRPC calls with the methods that are bound to it. Give {@link #handler} to an HTTP/2 server, or let
 * {@link GrpcListener} do so; any number of event loops may share it. Only binary gRPC over HTTP/2 is answered.
 */
public final class RpcServer {
    private static final int METHOD_NOT_ALLOWED = 405;
    private static final int UNSUPPORTED_MEDIA_TYPE = 415;
    private static final int VERSION_NOT_SUPPORTED = 505;
    /** Overhead of a header beyond its name and value (RFC 9113, section 6.5.2). */
    private static final int HEADER_OVERHEAD = 32;

    private final TransportLimits limits;
    private final StatusMapper statuses;
    private final Calls calls;
    private final Methods methods;

    /**
     * Creates a server without methods.
     *
     * @param memory the account that arriving requests and those in progress are charged to
     * @param nanoClock the clock on which deadlines are measured
     * @param interceptors the interceptors that every call passes through, in order
     */
    public RpcServer(
            Vertx vertx,
            TransportLimits limits,
            MemoryBudget.Account memory,
            LongSupplier nanoClock,
            List<Interceptor> interceptors) {
        this.limits = limits;
        this.statuses = new StatusMapper(() -> UUID.randomUUID().toString());
        this.calls = new Calls(vertx, limits, statuses, memory, nanoClock);
        this.methods = new Methods(calls, interceptors);
    }

    /** The registry in which services bind their methods before the first request arrives. */
    public Methods methods() {
        return methods;
    }

    /** Maps failures to statuses, for failures inside streams too. */
    public StatusMapper statuses() {
        return statuses;
    }

    /** Handles requests with a gRPC content type; any other is answered with 415. */
    public Handler<HttpServerRequest> handler() {
        return this::handle;
    }

    /** The number of calls in progress. */
    public int activeCalls() {
        return calls.active();
    }

    /**
     * Refuses new calls with STOPPING, answers the requests that streams have accepted, ends the streams, and completes
     * when no call is left. Calls that remain after {@code limit} are aborted.
     */
    public Future<Void> drain(Duration limit) {
        return calls.drain(limit.toMillis());
    }

    private void handle(HttpServerRequest request) {
        HttpServerResponse response = request.response();
        if (request.version() != HttpVersion.HTTP_2) {
            response.setStatusCode(VERSION_NOT_SUPPORTED)
                    .putHeader("connection", "close")
                    .end();
        } else if (!HttpMethod.POST.equals(request.method())) {
            response.setStatusCode(METHOD_NOT_ALLOWED)
                    .putHeader("allow", "POST")
                    .end();
        } else if (!ContentType.isGrpc(request.getHeader("content-type"))) {
            response.setStatusCode(UNSUPPORTED_MEDIA_TYPE).end();
        } else {
            start(request);
        }
    }

    private void start(HttpServerRequest request) {
        try {
            checkStreams(request);
            String path = request.path();
            checkHead(path, request);
            methods.start(path.startsWith("/") ? path.substring(1) : path, request);
        } catch (Refused refused) {
            ReplyWriter reply = new ReplyWriter(request.response(), () -> {});
            reply.end(statuses.status(refused), () -> {});
            // A stream left open would keep the request's headers in memory, however large.
            reply.reset(ReplyWriter.Http2Error.NO_ERROR);
        }
    }

    private void checkStreams(HttpServerRequest request) {
        int streams = ConnectionStreams.active(request.connection());
        if (streams > limits.connectionStreams()) {
            throw new Refused(
                    Reason.OVERLOADED,
                    "streams: " + streams + " on this connection (expected: at most " + limits.connectionStreams()
                            + ", as its settings say)");
        }
    }

    private void checkHead(String path, HttpServerRequest request) {
        int[] bytes = {path.length()};
        request.headers().forEach((name, value) -> bytes[0] += name.length() + value.length() + HEADER_OVERHEAD);
        if (bytes[0] > limits.metadataBytes()) {
            throw new Refused(
                    Reason.TOO_LARGE,
                    "metadata: " + bytes[0] + " bytes with " + HEADER_OVERHEAD + " for each header (expected: at most "
                            + limits.metadataBytes() + ")",
                    Map.of("limit", Integer.toString(limits.metadataBytes())));
        }
    }
}
