package dev.reservoir.server.rpc;

import com.google.protobuf.Message;
import com.google.rpc.Code;
import com.google.rpc.Status;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import io.vertx.core.Context;
import io.vertx.grpc.common.GrpcMessage;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.WireFormat;
import io.vertx.grpc.server.GrpcServerRequest;
import io.vertx.grpc.server.GrpcServerResponse;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call of a client: messages in one by one as they are asked for, replies out, one end.
 *
 * <p>Guarantees: everything runs on the call's context, but for {@link #gone}, {@link #runOnContext} and {@link #stop}, which any thread
 * may call; the call ends exactly once, whoever ends it: its handler, its client, its connection, its deadline or a defect; after the end
 * nothing is written, no message arrives, and what {@link #onClosed} was given has run once. A reset, a dropped HTTP/2 connection and a
 * failed write are told by different callbacks of the transport; they all lead here.
 */
public final class ServerCall<Q extends Message, P extends Message> {
    /** Receives one message. */
    public interface MessageHandler<Q> {
        /** @param bytes size of its payload as parsed */
        void message(Q message, int bytes);
    }

    /** Something that will run unless it is cancelled first; cancelling twice, or too late, is harmless. */
    public interface Registration {
        void cancel();
    }

    private static final Logger LOG = LoggerFactory.getLogger(ServerCall.class);
    private static final long LONGEST_TIMER_MILLIS = 365L * 24 * 3_600_000;

    private final Calls calls;
    private final Context context;
    private final PayloadReader<Q> payloads;
    private final GrpcServerRequest<Q, P> request;
    private final GrpcServerResponse<Q, P> response;
    private final Set<Closing> whenClosed = new LinkedHashSet<>();
    private final long deadlineNanos;
    private final Set<Long> timers = new HashSet<>();
    private @Nullable MessageHandler<Q> messages;
    private @Nullable Runnable halfClosed;
    private @Nullable Runnable stopper;
    private boolean closed;
    private volatile boolean gone;

    ServerCall(Calls calls, Context context, Q prototype, GrpcServerRequest<Q, P> request) {
        this.calls = calls;
        this.context = context;
        this.payloads = new PayloadReader<>(prototype, calls.limits().messageBytes());
        this.request = request;
        this.response = request.response();
        long timeoutNanos = Timeouts.nanos(request.headers().get("grpc-timeout"));
        this.deadlineNanos = timeoutNanos == Long.MAX_VALUE ? Long.MAX_VALUE : calls.nanoTime() + timeoutNanos;
        request.pause();
        request.errorHandler(unused -> closedByClient());
        request.exceptionHandler(unused -> closedByClient());
        response.exceptionHandler(unused -> closedByClient());
        request.invalidMessageHandler(unused -> fail(payloads.tooLarge()));
        request.messageHandler(this::arrived);
        request.endHandler(unused -> guard(() -> {
            Runnable handler = halfClosed;
            if (!closed && handler != null) {
                handler.run();
            }
        }));
        long millis = timeoutNanos / 1_000_000;
        if (millis < LONGEST_TIMER_MILLIS) {
            after(millis, () -> fail(Timeouts.passed()));
        }
    }

    /** Begins the call; {@link #fail fails} it where the server is stopping. */
    void begin(Runnable handler) {
        guard(() -> {
            calls.begun(this);
            if (request.format() != WireFormat.PROTOBUF) {
                throw new Refused(
                        Reason.INVALID_FIELD,
                        "content-type: " + request.format() + " (expected: application/grpc+proto)",
                        Map.of("field", "content-type"));
            }
            handler.run();
        });
    }

    public Calls calls() {
        return calls;
    }

    public long deadlineNanos() {
        return deadlineNanos;
    }

    /** Whether the call has ended, so that work for it is not worth beginning. Any thread. */
    public boolean gone() {
        return gone;
    }

    /** Sets who receives messages; none comes before {@link #fetch}. */
    public void onMessage(MessageHandler<Q> handler) {
        messages = handler;
    }

    public void onHalfClosed(Runnable handler) {
        halfClosed = handler;
    }

    /** Runs once when the call has ended, at once where it has. */
    public Registration onClosed(Runnable action) {
        Closing closing = new Closing(action);
        if (closed) {
            action.run();
        } else {
            whenClosed.add(closing);
        }
        return () -> whenClosed.remove(closing);
    }

    /** Runs when the server stops; a call without it just goes on to its end. */
    public void onStop(Runnable action) {
        stopper = action;
        if (calls.stopping()) {
            stop();
        }
    }

    /** Asks for one more message, or the client's half-close. */
    public void fetch() {
        if (!closed) {
            request.fetch(1);
        }
    }

    /** Whether the client reads as fast as replies are written. */
    public boolean writable() {
        return !response.writeQueueFull();
    }

    /** Runs when {@link #writable} has turned true again. */
    public void onWritable(Runnable action) {
        response.drainHandler(unused -> guard(action));
    }

    public void write(P message) {
        if (!closed) {
            response.write(message).onFailure(unused -> closedByClient());
        }
    }

    public void endWith(P message) {
        if (!closed) {
            close();
            response.end(message);
        }
    }

    public void end() {
        if (!closed) {
            close();
            response.end();
        }
    }

    public void fail(Throwable failure) {
        if (closed) {
            return;
        }
        Status status = calls.statuses().status(failure);
        close();
        response.trailers()
                .set(
                        "grpc-status-details-bin",
                        Base64.getEncoder().withoutPadding().encodeToString(status.toByteArray()));
        response.status(GrpcStatus.valueOf(status.getCode())).statusMessage(status.getMessage());
        response.end();
    }

    /** Fails without details, as services of other contracts do. */
    void failPlainly(Code code, String message) {
        if (!closed) {
            close();
            response.status(GrpcStatus.valueOf(code.getNumber())).statusMessage(message);
            response.end();
        }
    }

    /** Runs on the call's context unless the call has ended by then; a defect in it ends the call. Any thread. */
    public void runOnContext(Runnable action) {
        context.runOnContext(unused -> {
            if (!closed) {
                guard(action);
            }
        });
    }

    /** Asks the call to come to its end because the server stops. Any thread. */
    void stop() {
        runOnContext(() -> {
            Runnable action = stopper;
            stopper = null;
            if (action != null) {
                action.run();
            }
        });
    }

    /** Runs after {@code millis} on the call's context unless the call has ended by then. */
    public Registration after(long millis, Runnable action) {
        long timer = calls.vertx().setTimer(Math.max(1, millis), id -> {
            timers.remove(id);
            if (!closed) {
                guard(action);
            }
        });
        timers.add(timer);
        return () -> {
            if (timers.remove(timer)) {
                calls.vertx().cancelTimer(timer);
            }
        };
    }

    private void arrived(GrpcMessage message) {
        guard(() -> {
            MessageHandler<Q> handler = messages;
            if (closed || handler == null) {
                return;
            }
            PayloadReader.Read<Q> read = payloads.read(message);
            handler.message(read.message(), read.bytes());
        });
    }

    private void guard(Runnable action) {
        try {
            action.run();
        } catch (Refused refused) {
            fail(refused);
        } catch (RuntimeException | StackOverflowError | AssertionError e) {
            fail(e);
        }
    }

    private void closedByClient() {
        if (!closed) {
            close();
        }
    }

    /** After this the request is only read to be thrown away, so that it holds nothing of the connection's window. */
    private void close() {
        closed = true;
        gone = true;
        timers.forEach(calls.vertx()::cancelTimer);
        timers.clear();
        messages = null;
        halfClosed = null;
        request.resume();
        List<Closing> closings = List.copyOf(whenClosed);
        whenClosed.clear();
        for (Closing closing : closings) {
            try {
                closing.action.run();
            } catch (RuntimeException e) {
                LOG.error("A call could not be cleaned up whole", e);
            }
        }
        calls.ended(this);
    }

    /** Told apart by identity, so that the same action may stand twice. */
    private static final class Closing {
        private final Runnable action;

        Closing(Runnable action) {
            this.action = action;
        }
    }
}
