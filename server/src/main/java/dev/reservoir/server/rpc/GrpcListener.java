package dev.reservoir.server.rpc;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/** A port on which several event loops answer; a connection stays on one of them. */
public final class GrpcListener {
    /** A stream that is not read holds its own window only, so that a connection goes on while up to 16 of its streams rest. */
    private static final int CONNECTION_WINDOW_BYTES = 16 << 20;

    private static final int STREAM_WINDOW_BYTES = 1 << 20;
    /** Each call whose deadline passes ends in a reset, so honest clients send many; a flood still closes its connection. */
    private static final int RESETS_IN_A_WINDOW = 5_000;

    private static final int RESET_WINDOW_SECONDS = 10;

    private final Vertx vertx;
    private final String deployment;
    private final int port;

    private GrpcListener(Vertx vertx, String deployment, int port) {
        this.vertx = vertx;
        this.deployment = deployment;
        this.port = port;
    }

    /**
     * Listens.
     *
     * @param options host and port among them; port 0 takes a free one
     * @param eventLoops how many share the port
     */
    public static Future<GrpcListener> listen(
            Vertx vertx, Handler<HttpServerRequest> handler, HttpServerOptions options, int eventLoops) {
        Queue<Integer> ports = new ConcurrentLinkedQueue<>();
        // -1 asks for a free port that all instances of the deployment share.
        HttpServerOptions shared =
                new HttpServerOptions(options).setPort(options.getPort() == 0 ? -1 : options.getPort());
        return vertx.deployVerticle(
                        () -> new Loop(handler, shared, ports), new DeploymentOptions().setInstances(eventLoops))
                .map(deployment -> new GrpcListener(vertx, deployment, ports.element()));
    }

    /** Transport settings under which one client cannot stall another. */
    public static HttpServerOptions options(TransportLimits limits) {
        return new HttpServerOptions()
                .setHttp2ClearTextEnabled(true)
                .setHttp2ConnectionWindowSize(CONNECTION_WINDOW_BYTES)
                .setInitialSettings(new Http2Settings()
                        .setInitialWindowSize(STREAM_WINDOW_BYTES)
                        .setMaxConcurrentStreams(limits.connectionStreams()))
                .setHttp2RstFloodMaxRstFramePerWindow(RESETS_IN_A_WINDOW)
                .setHttp2RstFloodWindowDuration(RESET_WINDOW_SECONDS)
                .setHttp2RstFloodWindowDurationTimeUnit(TimeUnit.SECONDS)
                .setTcpKeepAlive(true);
    }

    public int port() {
        return port;
    }

    /** Stops listening and closes the connections; {@link RpcServer#drain} first ends what runs on them. */
    public Future<Void> close() {
        return vertx.undeploy(deployment);
    }

    private static final class Loop extends VerticleBase {
        private final Handler<HttpServerRequest> handler;
        private final HttpServerOptions options;
        private final Queue<Integer> ports;

        Loop(Handler<HttpServerRequest> handler, HttpServerOptions options, Queue<Integer> ports) {
            this.handler = handler;
            this.options = options;
            this.ports = ports;
        }

        @Override
        public Future<?> start() {
            Future<HttpServer> listening =
                    vertx.createHttpServer(options).requestHandler(handler).listen();
            return listening.onSuccess(server -> ports.add(server.actualPort()));
        }
    }
}
