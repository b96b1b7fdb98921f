// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import com.google.protobuf.Message;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.memory.MemoryBudget.Reservation;
import dev.reservoir.server.rpc.MessageDeframer.Frame;
import dev.reservoir.server.rpc.ServerCall.MessageHandler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the messages of one call, one for each {@link #fetch}.
 *
 * <pre>
 *            fetch
 *   IDLE ------------&gt; FETCHING -- the client has closed its half --&gt; HALF_CLOSED
 *     ^                   |
 *     +---- a message ----+              any -- close --&gt; CLOSED
 * </pre>
 *
 * <p>IDLE: no message is delivered; the transport is paused once enough has been read ahead. FETCHING: the next message
 * is delivered when it is complete. HALF_CLOSED: the client's half-close has been delivered, once, after the last
 * message. CLOSED: bytes that arrive are discarded, so that they occupy none of the connection's window.
 *
 * <p>Bytes count against the server's memory from their arrival until their message is {@link #release released}, or
 * this is closed. Not thread-safe: confined to the call's context.
 */
final class RequestReader<Q extends Message> {
    /** Read ahead of the requested message, so that small messages do not need a round trip to the transport each. */
    private static final int READ_AHEAD_BYTES = 16 << 10;

    private final HttpServerRequest request;
    private final Calls calls;
    private final MessageDeframer deframer;
    private final PayloadReader<Q> payloads;
    private final Reservation memory;
    private @Nullable MessageHandler<Q> messages;
    private @Nullable Runnable halfClosed;
    private State state = State.IDLE;
    private boolean requestEnded;
    private boolean paused;
    private boolean delivering;

    private enum State {
        IDLE,
        FETCHING,
        HALF_CLOSED,
        CLOSED
    }

    RequestReader(HttpServerRequest request, Q prototype, Calls calls) {
        this.request = request;
        this.calls = calls;
        this.deframer = new MessageDeframer(calls.limits().messageBytes());
        this.payloads = new PayloadReader<>(prototype, calls.limits().messageBytes());
        this.memory = calls.memory().reserve(0);
    }

    /** Sets the receiver of messages. */
    void onMessage(MessageHandler<Q> handler) {
        messages = handler;
    }

    void onHalfClosed(Runnable handler) {
        halfClosed = handler;
    }

    /**
     * Requests one more message, or the client's half-close; harmless after either is the last.
     *
     * @throws Refused if what has arrived is no message
     */
    void fetch() {
        if (state == State.IDLE) {
            state = State.FETCHING;
            deliver();
        }
    }

    /**
     * Takes bytes from the transport.
     *
     * @throws Refused if they are no message, or exceed the server's memory
     */
    void received(Buffer bytes) {
        if (state == State.CLOSED) {
            return;
        }
        memory.grow(bytes.length());
        deframer.add(bytes);
        deliver();
        if (state == State.IDLE && (deframer.incompleteBytes() >= READ_AHEAD_BYTES || calls.memoryScarce())) {
            pause();
        }
        verifyState();
    }

    /**
     * Takes the client's half-close from the transport.
     *
     * @throws Refused if it cuts a message
     */
    void requestEnded() {
        requestEnded = true;
        deliver();
        verifyState();
    }

    /** Releases the memory that a message's payload was charged for. */
    void release(long bytes) {
        memory.shrink(bytes);
    }

    /** Discards what has arrived and whatever else arrives. */
    void close() {
        state = State.CLOSED;
        messages = null;
        halfClosed = null;
        paused = false;
        memory.close();
        if (!request.isEnded()) {
            request.handler(null).endHandler(null).resume();
        }
        verifyState();
    }

    /** Delivers what is requested, or fetches the missing bytes from the transport. */
    private void deliver() {
        if (delivering) {
            return;
        }
        delivering = true;
        try {
            while (state == State.FETCHING) {
                Frame frame = deframer.next();
                if (frame != null) {
                    state = State.IDLE;
                    deliver(frame);
                } else if (requestEnded) {
                    state = State.HALF_CLOSED;
                    deliverHalfClose();
                } else {
                    resume();
                    return;
                }
            }
        } finally {
            delivering = false;
        }
    }

    private void deliver(Frame frame) {
        MessageHandler<Q> handler = messages;
        if (handler == null) {
            return;
        }
        PayloadReader.Read<Q> read = payloads.read(frame, request.getHeader("grpc-encoding"));
        int received = MessageDeframer.PREFIX_BYTES + frame.length();
        memory.grow(Math.max(0, read.bytes() - received));
        memory.shrink(Math.max(0, received - read.bytes()));
        handler.message(read.message(), read.bytes());
    }

    private void deliverHalfClose() {
        if (deframer.incompleteBytes() > 0) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    "message: the request ended after " + deframer.incompleteBytes()
                            + " bytes of it (expected: a whole message)",
                    Map.of("field", "message"));
        }
        Runnable handler = halfClosed;
        if (handler != null) {
            handler.run();
        }
    }

    private void pause() {
        if (!paused && !request.isEnded()) {
            paused = true;
            request.pause();
        }
    }

    private void resume() {
        if (paused) {
            paused = false;
            request.resume();
        }
    }

    private void verifyState() {
        boolean closed = state == State.CLOSED;
        check(!paused || state == State.IDLE, "paused");
        check(state != State.HALF_CLOSED || requestEnded, "half-close");
        check(!closed || (messages == null && halfClosed == null), "handlers");
        check(!closed || memory.bytes() == 0, "memory");
    }

    private void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("request: " + what + " in state " + state + " (expected: otherwise)");
        }
    }
}
