// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import com.google.protobuf.Message;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * A stream of requests, each of which is answered as soon as its answer is ready, in any order. A request is
 * outstanding until its reply is written, and what is outstanding is bounded, so a client that does not read its
 * replies is soon not read from either.
 */
public final class RequestStream<Q extends Message, P extends Message> {
    /** Answers requests. */
    public interface Worker<Q, P> {
        /** What a request counts against the stream's weight limit. */
        long weight(Q request);

        /** Answers exactly once; must not throw for a fault of this request alone. */
        void answer(Q request, Reply<P> reply);
    }

    /** Receives the answer, on any thread; the reply is built on the stream's context. */
    public interface Reply<P> {
        void ready(Supplier<P> answer);
    }

    private final ServerCall<Q, P> call;
    private final Worker<Q, P> worker;
    private final Flow flow;
    private final ConcurrentLinkedQueue<Ready<P>> ready = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private boolean fetching;
    private boolean reading = true;
    private boolean stopping;

    public RequestStream(ServerCall<Q, P> call, Worker<Q, P> worker, long maxWeight) {
        this.call = call;
        this.worker = worker;
        TransportLimits limits = call.calls().limits();
        this.flow = new Flow(limits.streamRequests(), maxWeight, limits.streamBytes());
    }

    public void start() {
        call.onMessage(this::arrived);
        call.onHalfClosed(() -> {
            reading = false;
            endWhenAllAnswered();
        });
        call.onWritable(this::write);
        call.onStop(() -> {
            stopping = true;
            reading = false;
            endWhenAllAnswered();
        });
        call.onClosed(ready::clear);
        fetch();
    }

    private void fetch() {
        if (reading && !fetching && flow.open() && (flow.idle() || !call.memoryScarce())) {
            fetching = true;
            call.fetch();
        }
    }

    private void arrived(Q request, int bytes) {
        fetching = false;
        if (!reading) {
            return;
        }
        long weight = worker.weight(request);
        flow.take(weight, bytes);
        worker.answer(request, answer -> {
            ready.add(new Ready<>(answer, weight, bytes));
            if (scheduled.compareAndSet(false, true)) {
                call.runOnContext(() -> {
                    scheduled.set(false);
                    write();
                });
            }
        });
        fetch();
    }

    private void write() {
        while (call.writable()) {
            Ready<P> next = ready.poll();
            if (next == null) {
                break;
            }
            call.write(next.answer.get());
            flow.give(1, next.weight, next.bytes);
            call.release(next.bytes);
        }
        if (reading) {
            fetch();
        } else {
            endWhenAllAnswered();
        }
    }

    private void endWhenAllAnswered() {
        if (!flow.idle()) {
            return;
        }
        if (stopping) {
            call.fail(Calls.stoppingNow());
        } else {
            call.end();
        }
    }

    private record Ready<P>(Supplier<P> answer, long weight, int bytes) {}
}
