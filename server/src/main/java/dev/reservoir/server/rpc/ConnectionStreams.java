// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.HttpServerConnection;

/**
 * Counts the active streams of a connection.
 *
 * <p>Netty refuses a stream beyond the advertised limit without remembering it, and closes the connection when data of
 * that stream follow, which the client had already sent. So Netty is set to accept any number, and the request handler
 * refuses each call beyond the limit by itself.
 */
final class ConnectionStreams {
    private ConnectionStreams() {}

    /** Counts the active streams. On the connection's event loop. */
    static int active(HttpConnection connection) {
        Http2ConnectionHandler handler = (Http2ConnectionHandler)
                ((HttpServerConnection) connection).channelHandlerContext().handler();
        Http2Connection streams = handler.connection();
        // Set at each request: the client's acknowledgement of the settings puts the advertised limit in force.
        streams.remote().maxActiveStreams(Integer.MAX_VALUE);
        return streams.numActiveStreams();
    }
}
