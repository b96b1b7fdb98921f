package dev.reservoir.server.rpc;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.grpc.server.GrpcProtocol;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Answers gRPC calls with the methods that are bound to it. Give {@link #handler} to an HTTP/2 server, or let {@link GrpcListener} do so;
 * any number of event loops may share it. Only binary gRPC over HTTP/2 is answered.
 */
public final class RpcServer {
    private final GrpcServer server;
    private final Calls calls;
    private final Methods methods;

    /** @param nanoClock the clock on which deadlines are reckoned */
    public RpcServer(Vertx vertx, TransportLimits limits, StatusMapper statuses, LongSupplier nanoClock) {
        this.server = GrpcServer.server(
                vertx,
                new GrpcServerOptions()
                        .removeEnabledProtocol(GrpcProtocol.WEB)
                        .removeEnabledProtocol(GrpcProtocol.WEB_TEXT)
                        .removeEnabledProtocol(GrpcProtocol.TRANSCODING)
                        .setMaxMessageSize(limits.messageBytes()));
        this.calls = new Calls(vertx, limits, statuses, nanoClock);
        this.methods = new Methods(server, calls);
    }

    /** Where services bind their methods, before the first request arrives. */
    public Methods methods() {
        return methods;
    }

    /** Answers requests whose content type is gRPC's; any other gets 415. */
    public Handler<HttpServerRequest> handler() {
        return request -> server.handle(new ReadableRequest(request));
    }

    /** Calls under way. */
    public int activeCalls() {
        return calls.active();
    }

    /**
     * Refuses new calls with STOPPING, answers what streams have taken in, ends them, and completes when no call is left. Calls left after
     * {@code limit} are ended as they are.
     */
    public Future<Void> drain(Duration limit) {
        return calls.drain(limit.toMillis());
    }
}
