// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import com.google.protobuf.Message;
import com.google.rpc.Code;
import com.google.rpc.Status;
import dev.reservoir.server.rpc.ReplyWriter.Http2Error;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call of a client: messages are received one by one as they are requested, replies are written, and the call ends
 * once.
 *
 * <pre>
 *          end, fail                       last message on the wire
 *   OPEN -------------------> ENDING -----------------------------------> CLOSED
 *     |                          |  client or connection gone, deadline      ^
 *     |                          +-------------------------------------------+
 *     |  client or connection gone                                           |
 *     +----------------------------------------------------------------------+
 * </pre>
 *
 * <p>OPEN: messages arrive and replies are written. ENDING: the status is decided and waits behind the last reply; no
 * message arrives and no reply is written any more. CLOSED: the call has released all its resources.
 *
 * <p>Guarantees: everything runs on the call's context, but for {@link #gone}, {@link #runOnContext} and {@link #stop},
 * which any thread may call; the call leaves OPEN exactly once, whoever ends it: its handler, its client, its
 * connection, its deadline or any {@link Throwable} that a handler throws; by then the callback given to
 * {@link #onClosed} has run once.
 */
public final class ServerCall<Q extends Message, P extends Message> {
    private static final Logger LOG = LoggerFactory.getLogger(ServerCall.class);
    private static final long LONGEST_TIMER_MILLIS = 365L * 24 * 3_600_000;

    private enum State {
        OPEN,
        ENDING,
        CLOSED
    }

    private final Calls calls;
    private final Context context;
    private final String method;
    private final HttpServerRequest request;
    private final RequestReader<Q> reader;
    private final ReplyWriter reply;
    private final long deadlineNanos;
    private final Registrations whenClosed = new Registrations();
    private final Registrations whenStopping = new Registrations();
    private final Set<Long> timers = new HashSet<>();
    private State state = State.OPEN;
    private Code code = Code.CANCELLED;
    private volatile boolean gone;

    /** Receives one message. */
    public interface MessageHandler<Q> {
        /**
         * Takes a message.
         *
         * @param bytes size of its payload after decompression, which counts against the server's memory until it is
         *     {@link ServerCall#release released} or the call ends
         */
        void message(Q message, int bytes);
    }

    /** Something that will run unless it is cancelled first; cancelling twice, or too late, is harmless. */
    public interface Registration {
        void cancel();
    }

    /** Creates a call for the request that the current context handles. */
    ServerCall(Calls calls, String method, Q prototype, HttpServerRequest request) {
        this.calls = calls;
        this.context = Vertx.currentContext();
        this.method = method;
        this.request = request;
        this.reader = new RequestReader<>(request, prototype, calls);
        this.reply = new ReplyWriter(request.response(), this::clientGone);
        long timeoutNanos = Timeouts.nanos(request.getHeader("grpc-timeout"));
        this.deadlineNanos = timeoutNanos == Long.MAX_VALUE ? Long.MAX_VALUE : calls.nanoTime() + timeoutNanos;
        request.handler(bytes -> guard(() -> reader.received(bytes)));
        request.endHandler(unused -> guard(reader::requestEnded));
        request.exceptionHandler(unused -> clientGone());
        request.response().exceptionHandler(unused -> clientGone());
        request.response().closeHandler(unused -> clientGone());
        long millis = timeoutNanos / 1_000_000;
        if (millis < LONGEST_TIMER_MILLIS) {
            timers.add(calls.vertx().setTimer(Math.max(1, millis), unused -> deadlinePassed()));
        }
    }

    /**
     * Begins the call; {@link #fail fails} it if the server is stopping or its headers request something unsupported.
     */
    void begin(Runnable handler) {
        guard(() -> {
            calls.begun(this);
            ContentType.checkProtobuf(request.getHeader("content-type"));
            PayloadReader.checkEncoding(request.getHeader("grpc-encoding"));
            handler.run();
        });
    }

    /** The method's full name, for example {@code grpc.health.v1.Health/Check}. */
    public String method() {
        return method;
    }

    /** The first value of the client's metadata under a name, if there is one. */
    public @Nullable String metadata(String name) {
        return request.getHeader(name);
    }

    public Calls calls() {
        return calls;
    }

    public long deadlineNanos() {
        return deadlineNanos;
    }

    /** Whether the call has ended, so that work for it need not begin. Any thread. */
    public boolean gone() {
        return gone;
    }

    /**
     * The status with which the call has ended; CANCELLED if its client went away first, or while the call is still
     * open.
     */
    public Code code() {
        return code;
    }

    /** Sets the receiver of messages; none arrives before {@link #fetch}. */
    public void onMessage(MessageHandler<Q> handler) {
        if (state == State.OPEN) {
            reader.onMessage(handler);
        }
    }

    /** Sets the receiver of the client's half-close; like a message, it arrives once it is {@link #fetch fetched}. */
    public void onHalfClosed(Runnable handler) {
        if (state == State.OPEN) {
            reader.onHalfClosed(handler);
        }
    }

    /** Runs once when the call has ended, immediately if it already has. */
    public Registration onClosed(Runnable action) {
        return register(action, whenClosed, state != State.OPEN);
    }

    /**
     * Runs once when the server stops, immediately if it is stopping; a call without such a callback simply runs to its
     * end.
     */
    public Registration onStop(Runnable action) {
        return register(action, whenStopping, state == State.OPEN && calls.stopping());
    }

    /** Requests one more message, or the client's half-close. */
    public void fetch() {
        reader.fetch();
    }

    /** Releases the memory that a message's payload was charged for. */
    public void release(long bytes) {
        reader.release(bytes);
    }

    /**
     * Whether the memory for requests is scarce: a stream that still retains messages should not request more. One that
     * retains none may, so that every stream makes progress.
     */
    public boolean memoryScarce() {
        return calls.memoryScarce();
    }

    /** Whether the client reads as fast as replies are written. */
    public boolean writable() {
        return state == State.OPEN && reply.writable();
    }

    /** Runs when {@link #writable} has turned true again. */
    public void onWritable(Runnable action) {
        if (state == State.OPEN) {
            request.response().drainHandler(unused -> guard(action));
        }
    }

    /** Writes a message, which leaves when what runs on the call's context now has returned, or before. */
    public void write(P message) {
        if (state == State.OPEN) {
            reply.write(message);
        }
    }

    public void endWith(P message) {
        write(message);
        end();
    }

    public void end() {
        end(Status.getDefaultInstance());
    }

    public void fail(Throwable failure) {
        if (state == State.OPEN) {
            end(calls.statuses().status(failure));
        }
    }

    /** Fails without details, as services outside this contract do. */
    public void failPlainly(Code failure, String message) {
        end(Status.newBuilder().setCode(failure.getNumber()).setMessage(message).build());
    }

    /** Runs on the call's context unless the call has ended by then; a defect in it ends the call. Any thread. */
    public void runOnContext(Runnable action) {
        context.runOnContext(unused -> guard(action));
    }

    /** Runs after {@code millis} on the call's context unless the call has ended by then. */
    public Registration after(long millis, Runnable action) {
        if (state != State.OPEN) {
            return () -> {};
        }
        long timer = calls.vertx().setTimer(Math.max(1, millis), id -> {
            timers.remove(id);
            guard(action);
        });
        timers.add(timer);
        return () -> {
            if (timers.remove(timer)) {
                calls.vertx().cancelTimer(timer);
            }
        };
    }

    /** Asks the call to end because the server is stopping. Any thread. */
    void stop() {
        runOnContext(() -> whenStopping.removeAll().forEach(Runnable::run));
    }

    /** Ends the call and discards the part of its reply that the client has not read. Any thread. */
    void stopNow() {
        context.runOnContext(unused -> {
            fail(Calls.stoppingNow());
            abandon();
        });
    }

    /** Runs unless the call has ended; whatever it throws ends the call. */
    private void guard(Runnable action) {
        if (state != State.OPEN) {
            return;
        }
        try {
            action.run();
            if (state == State.OPEN) {
                reply.flush();
            }
        } catch (Throwable failure) {
            fail(failure);
        }
    }

    private void end(Status status) {
        if (state != State.OPEN) {
            return;
        }
        Status decided = status;
        try {
            reply.flush();
        } catch (Throwable failure) {
            decided = calls.statuses().status(failure);
        }
        if (state != State.OPEN) {
            return;
        }
        code = Code.forNumber(decided.getCode());
        state = State.ENDING;
        leaveOpen();
        try {
            reply.end(decided, this::close);
        } catch (Throwable failure) {
            LOG.error("{}: the status {} could not be written", method, code, failure);
            abandon();
        }
        verifyState();
    }

    private void clientGone() {
        if (state == State.OPEN) {
            state = State.CLOSED;
            leaveOpen();
            finish();
        } else {
            close();
        }
    }

    private void deadlinePassed() {
        guard(() -> fail(Timeouts.passed()));
        abandon();
    }

    /** Abandons a reply that its client does not read. */
    private void abandon() {
        if (state == State.ENDING) {
            reply.reset(Http2Error.CANCEL);
            close();
        }
    }

    /** From here on the request is read only to be discarded. */
    private void leaveOpen() {
        gone = true;
        whenStopping.removeAll();
        reader.close();
        for (Runnable action : whenClosed.removeAll()) {
            try {
                action.run();
            } catch (Throwable failure) {
                LOG.error("{}: what should run at the call's end failed", method, failure);
            }
        }
    }

    private void close() {
        if (state == State.ENDING) {
            state = State.CLOSED;
            finish();
        }
    }

    private void finish() {
        timers.forEach(calls.vertx()::cancelTimer);
        timers.clear();
        calls.ended(this);
        verifyState();
    }

    private Registration register(Runnable action, Registrations actions, boolean now) {
        if (now) {
            action.run();
        }
        return now || state != State.OPEN ? () -> {} : actions.add(action);
    }

    private void verifyState() {
        boolean open = state == State.OPEN;
        check(open == !gone, "gone");
        check(open || (whenClosed.isEmpty() && whenStopping.isEmpty()), "registrations");
        check(state != State.CLOSED || timers.isEmpty(), "timers");
    }

    private void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(method + ": " + what + " in state " + state + " (expected: otherwise)");
        }
    }
}
