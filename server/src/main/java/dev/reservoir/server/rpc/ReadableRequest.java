package dev.reservoir.server.rpc;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.http.HttpServerRequestInternal;
import io.vertx.core.internal.http.HttpServerRequestWrapper;

/**
 * A request as the gRPC layer of Vert.x 5.0 can read it without a defect: it resumes requests that have ended, which throws, and it throws
 * where a message claims to be compressed and no encoding was named, which leaves the client without an answer.
 */
final class ReadableRequest extends HttpServerRequestWrapper {
    private static final String ENCODING = "grpc-encoding";

    private final MultiMap headers;

    ReadableRequest(HttpServerRequest request) {
        super((HttpServerRequestInternal) request);
        if (request.headers().contains(ENCODING)) {
            headers = request.headers();
        } else {
            headers =
                    MultiMap.caseInsensitiveMultiMap().addAll(request.headers()).set(ENCODING, "identity");
        }
    }

    @Override
    public MultiMap headers() {
        return headers;
    }

    @Override
    public HttpServerRequest resume() {
        return fetch(Long.MAX_VALUE);
    }

    @Override
    public HttpServerRequest fetch(long amount) {
        if (!delegate.isEnded()) {
            delegate.fetch(amount);
        }
        return this;
    }

    @Override
    public HttpServerRequest pause() {
        if (!delegate.isEnded()) {
            delegate.pause();
        }
        return this;
    }
}
