// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * One HTTP/2 connection on which a test writes whatever bytes it likes; each stream's window is small, the connection's
 * is large.
 */
final class RawClient implements AutoCloseable {
    private final HttpClient client;
    private final Context context;
    private final int port;

    RawClient(Vertx vertx, int port) {
        this.client = vertx.createHttpClient(new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setHttp2MultiplexingLimit(1_000)
                .setHttp2ConnectionWindowSize(8 << 20)
                .setInitialSettings(new Http2Settings().setInitialWindowSize(16 << 10)));
        this.context = vertx.getOrCreateContext();
        this.port = port;
    }

    /** What came back: trailers of a call that failed at once lie among its headers. */
    record Answer(int httpStatus, Map<String, String> headers, Buffer body) {
        String grpcStatus() {
            return headers.getOrDefault("grpc-status", "none");
        }
    }

    /** A frame of gRPC around a payload. */
    static Buffer frame(int compressed, byte[] payload) {
        return Buffer.buffer()
                .appendByte((byte) compressed)
                .appendInt(payload.length)
                .appendBytes(payload);
    }

    /** A request that the test continues; its stream is on the client's context. */
    HttpClientRequest open(String method, Map<String, String> headers) {
        return onContext(() -> request(method, headers));
    }

    Answer call(String method, Buffer body, Map<String, String> headers) {
        return onContext(() ->
                request(method, headers).compose(request -> request.send(body).compose(RawClient::answer)));
    }

    /** Sends without ever ending the request. */
    Answer callUnended(String method, Buffer body, Map<String, String> headers) {
        return onContext(() -> request(method, headers).compose(request -> {
            Future<Answer> answer = request.response().compose(RawClient::answer);
            request.write(body);
            return answer.onComplete(unused -> request.reset());
        }));
    }

    private Future<HttpClientRequest> request(String method, Map<String, String> headers) {
        return client.request(HttpMethod.POST, port, "127.0.0.1", "/" + method).map(request -> {
            request.setChunked(true)
                    .putHeader("content-type", "application/grpc")
                    .putHeader("te", "trailers");
            headers.forEach(request::putHeader);
            return request;
        });
    }

    /** Everything of a call on one event loop: a response that ends before a handler is set is lost. */
    private <T> T onContext(Supplier<Future<T>> work) {
        Promise<T> promise = Promise.promise();
        context.runOnContext(unused -> work.get().onComplete(promise));
        return TestServer.await(promise.future());
    }

    private static Future<Answer> answer(HttpClientResponse response) {
        Promise<Answer> promise = Promise.promise();
        response.body().onComplete(result -> {
            Map<String, String> all = new TreeMap<>();
            response.headers().forEach(entry -> all.put(entry.getKey(), entry.getValue()));
            response.trailers().forEach(entry -> all.put(entry.getKey(), entry.getValue()));
            if (result.succeeded()) {
                promise.complete(new Answer(response.statusCode(), all, result.result()));
            } else {
                promise.fail(result.cause());
            }
        });
        return promise.future();
    }

    @Override
    public void close() {
        TestServer.await(client.close());
    }
}
