// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A port that several event loops serve; a connection stays on one of them.
 *
 * <p>Each connection is pinged, and closed once nothing has arrived for three pings: a live peer answers, however quiet
 * its calls are, and the resources of one that vanished silently are released.
 */
public final class GrpcListener {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcListener.class);

    /**
     * A stream that is not read fills only its own window, so that a connection keeps working while up to 16 of its
     * streams are stalled.
     */
    private static final int CONNECTION_WINDOW_BYTES = 16 << 20;

    private static final int STREAM_WINDOW_BYTES = 1 << 20;
    /**
     * Each call whose deadline passes ends in a reset, so well-behaved clients send many; a flood still closes its
     * connection.
     */
    private static final int RESETS_IN_A_WINDOW = 5_000;

    private static final int RESET_WINDOW_SECONDS = 10;
    /**
     * Request headers larger than this close their connection, because skipping them would leave the decompression of
     * later headers undefined. Far above {@link TransportLimits#metadataBytes}, so that a call with too much metadata
     * is refused alone.
     */
    private static final int READABLE_HEAD_BYTES = 1 << 20;

    private static final int SILENT_PINGS = 3;
    private static final int PING_BYTES = 8;

    private final Vertx vertx;
    private final String deployment;
    private final int port;

    private GrpcListener(Vertx vertx, String deployment, int port) {
        this.vertx = vertx;
        this.deployment = deployment;
        this.port = port;
    }

    /**
     * The address to listen on.
     *
     * @param port 0 for a free one
     */
    public record Address(String host, int port) {}

    /**
     * Listens.
     *
     * @param eventLoops the number of event loops that share the port
     */
    public static Future<GrpcListener> listen(
            Vertx vertx, Handler<HttpServerRequest> handler, TransportLimits limits, Address address, int eventLoops) {
        // -1 requests a free port that all instances of the deployment share.
        HttpServerOptions options =
                options(limits).setHost(address.host).setPort(address.port == 0 ? -1 : address.port);
        Queue<Integer> ports = new ConcurrentLinkedQueue<>();
        return vertx.deployVerticle(
                        () -> new Loop(handler, options, limits.pingMillis(), ports),
                        new DeploymentOptions().setInstances(eventLoops))
                .map(deployment -> new GrpcListener(vertx, deployment, ports.element()));
    }

    /** Transport settings under which one client cannot stall another. */
    private static HttpServerOptions options(TransportLimits limits) {
        return new HttpServerOptions()
                .setHttp2ClearTextEnabled(true)
                .setHttp2ConnectionWindowSize(CONNECTION_WINDOW_BYTES)
                .setInitialSettings(new Http2Settings()
                        .setInitialWindowSize(STREAM_WINDOW_BYTES)
                        .setMaxHeaderListSize(READABLE_HEAD_BYTES)
                        .setMaxConcurrentStreams(limits.connectionStreams()))
                .setHttp2RstFloodMaxRstFramePerWindow(RESETS_IN_A_WINDOW)
                .setHttp2RstFloodWindowDuration(RESET_WINDOW_SECONDS)
                .setHttp2RstFloodWindowDurationTimeUnit(TimeUnit.SECONDS)
                .setReadIdleTimeout(SILENT_PINGS * limits.pingMillis())
                .setIdleTimeoutUnit(TimeUnit.MILLISECONDS);
    }

    public int port() {
        return port;
    }

    /** Stops listening and closes the connections; call {@link RpcServer#drain} first to end their calls. */
    public Future<Void> close() {
        return vertx.undeploy(deployment);
    }

    private static final class Loop extends VerticleBase {
        private final Handler<HttpServerRequest> handler;
        private final HttpServerOptions options;
        private final int pingMillis;
        private final Queue<Integer> ports;

        Loop(Handler<HttpServerRequest> handler, HttpServerOptions options, int pingMillis, Queue<Integer> ports) {
            this.handler = handler;
            this.options = options;
            this.pingMillis = pingMillis;
            this.ports = ports;
        }

        @Override
        public Future<?> start() {
            Future<HttpServer> listening = vertx.createHttpServer(options)
                    .requestHandler(handler)
                    .connectionHandler(this::keepAlive)
                    .exceptionHandler(failure -> LOG.debug("A connection failed: {}", failure.toString()))
                    .listen();
            return listening.onSuccess(server -> ports.add(server.actualPort()));
        }

        private void keepAlive(HttpConnection connection) {
            long timer = vertx.setPeriodic(pingMillis, id -> ping(connection, id));
            connection.closeHandler(unused -> vertx.cancelTimer(timer));
        }

        private void ping(HttpConnection connection, long timer) {
            try {
                connection.ping(Buffer.buffer(new byte[PING_BYTES]));
            } catch (UnsupportedOperationException http1) {
                vertx.cancelTimer(timer);
            }
        }
    }
}
