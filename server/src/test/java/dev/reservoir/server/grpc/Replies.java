// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The replies that a client's stream received, in order; reads them as they arrive, or only as many as are requested.
 */
final class Replies<Q, P> implements ClientResponseObserver<Q, P> {
    private final boolean byHand;
    private final BlockingQueue<P> messages = new LinkedBlockingQueue<>();
    private final CompletableFuture<@Nullable Throwable> end = new CompletableFuture<>();
    private @Nullable ClientCallStreamObserver<Q> requests;

    private Replies(boolean byHand) {
        this.byHand = byHand;
    }

    static <Q, P> Replies<Q, P> reading() {
        return new Replies<>(false);
    }

    /** Receives nothing until {@link #request}. */
    static <Q, P> Replies<Q, P> notReading() {
        return new Replies<>(true);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<Q> stream) {
        requests = stream;
        if (byHand) {
            stream.disableAutoRequestWithInitial(0);
        }
    }

    void request(int count) {
        call().request(count);
    }

    ClientCallStreamObserver<Q> call() {
        if (requests == null) {
            throw new AssertionError("not started");
        }
        return requests;
    }

    @Override
    public void onNext(P message) {
        messages.add(message);
    }

    @Override
    public void onError(Throwable failure) {
        end.complete(failure);
    }

    @Override
    public void onCompleted() {
        end.complete(null);
    }

    P next() {
        try {
            P message = messages.poll(20, TimeUnit.SECONDS);
            if (message == null) {
                throw new AssertionError("no reply within 20 s; ended: " + end);
            }
            return message;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    int waiting() {
        return messages.size();
    }

    /** The remaining replies, once the stream has ended with OK. */
    List<P> rest() {
        assertThat(ending()).isNull();
        return taken();
    }

    /** The remaining replies, once the stream has failed. */
    List<P> taken() {
        List<P> rest = new ArrayList<>();
        messages.drainTo(rest);
        return rest;
    }

    boolean ended() {
        return end.isDone();
    }

    StatusRuntimeException failure() {
        Throwable failure = ending();
        assertThat(failure).isInstanceOf(StatusRuntimeException.class);
        return (StatusRuntimeException) failure;
    }

    Status.Code code() {
        return failure().getStatus().getCode();
    }

    private @Nullable Throwable ending() {
        try {
            return end.get(20, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError("the stream did not end within 20 s", e);
        }
    }
}
