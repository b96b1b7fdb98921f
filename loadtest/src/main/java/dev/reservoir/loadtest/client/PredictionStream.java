// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import dev.reservoir.v1.InferenceServiceGrpc.InferenceServiceStub;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.PredictStreamResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Predictions over one bidirectional stream. Thread-safe.
 *
 * <p>Guarantees: every future completes exactly once. An invalid request fails only its own future and the stream
 * continues; when the stream ends, every pending future, and every later one, fails with the stream's failure. All
 * failures are {@link CallFailure}.
 */
public final class PredictionStream implements AutoCloseable {
    private final String what;
    private final Map<Long, CompletableFuture<PredictResponse>> pending = new ConcurrentHashMap<>();
    private final AtomicLong nextId = new AtomicLong(1);
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Object sending = new Object();
    private @Nullable ClientCallStreamObserver<PredictStreamRequest> requests;
    private boolean closed;

    private PredictionStream(String target) {
        this.what = "predicting at " + target;
    }

    static PredictionStream open(InferenceServiceStub stub, String target) {
        PredictionStream stream = new PredictionStream(target);
        stub.predictStream(stream.new Replies());
        return stream;
    }

    /** Sends a request; never blocks. Replies arrive in the order in which they are ready. */
    public CompletableFuture<PredictResponse> predict(PredictRequest request) {
        long id = nextId.getAndIncrement();
        CompletableFuture<PredictResponse> reply = new CompletableFuture<>();
        pending.put(id, reply);
        synchronized (sending) {
            ClientCallStreamObserver<PredictStreamRequest> call = requests;
            if (closed || ended.isDone() || call == null) {
                fail(id, reply);
            } else {
                call.onNext(PredictStreamRequest.newBuilder()
                        .setId(id)
                        .setRequest(request)
                        .build());
            }
        }
        // The stream may have ended after the check and before the future became visible in the map.
        if (ended.isDone()) {
            fail(id, reply);
        }
        return reply;
    }

    /** Completes when the stream ends: exceptionally, if it broke or was closed. */
    public CompletableFuture<Void> ended() {
        return ended;
    }

    /** Requests sent and not yet answered. */
    public int inFlight() {
        return pending.size();
    }

    /**
     * Half-closes the stream. The returned future completes, normally or not, when the server has answered everything.
     */
    public CompletableFuture<Void> finish() {
        synchronized (sending) {
            ClientCallStreamObserver<PredictStreamRequest> call = requests;
            if (!closed && call != null && !ended.isDone()) {
                closed = true;
                call.onCompleted();
            }
        }
        return ended;
    }

    /** Ends the stream at once; pending futures fail. */
    @Override
    public void close() {
        ClientCallStreamObserver<PredictStreamRequest> call;
        synchronized (sending) {
            closed = true;
            call = requests;
        }
        if (call != null && !ended.isDone()) {
            call.cancel("closed by the client", null);
        }
    }

    private void fail(long id, CompletableFuture<PredictResponse> reply) {
        pending.remove(id);
        Throwable why = CallFailure.brokenContract(what, "the stream is closed");
        if (ended.isCompletedExceptionally()) {
            why = ended.handle((nothing, failure) -> failure).join();
        }
        reply.completeExceptionally(why);
    }

    private void end(@Nullable CallFailure failure) {
        CallFailure unanswered =
                failure != null ? failure : CallFailure.brokenContract(what, "the server ended the stream unanswered");
        if (failure == null) {
            ended.complete(null);
        } else {
            ended.completeExceptionally(failure);
        }
        pending.forEach((id, reply) -> {
            if (pending.remove(id, reply)) {
                reply.completeExceptionally(unanswered);
            }
        });
    }

    private final class Replies implements ClientResponseObserver<PredictStreamRequest, PredictStreamResponse> {
        @Override
        public void beforeStart(ClientCallStreamObserver<PredictStreamRequest> call) {
            synchronized (sending) {
                requests = call;
            }
        }

        @Override
        public void onNext(PredictStreamResponse message) {
            CompletableFuture<PredictResponse> reply = pending.remove(message.getId());
            if (reply == null) {
                return; // already failed by this side
            }
            switch (message.getOutcomeCase()) {
                case RESPONSE -> reply.complete(message.getResponse());
                case ERROR -> reply.completeExceptionally(CallFailure.of(what, message.getError()));
                case OUTCOME_NOT_SET ->
                    reply.completeExceptionally(CallFailure.brokenContract(what, "a reply without an outcome"));
            }
        }

        @Override
        public void onError(Throwable failure) {
            end(CallFailure.of(what, failure));
        }

        @Override
        public void onCompleted() {
            end(null);
        }
    }
}
