package dev.reservoir.server.rpc;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** The calls that are under way, and what all of them share. Thread-safe. */
public final class Calls {
    private final Vertx vertx;
    private final TransportLimits limits;
    private final StatusMapper statuses;
    private final LongSupplier nanoClock;
    private final Set<ServerCall<?, ?>> active = ConcurrentHashMap.newKeySet();
    private final AtomicLong unaryBytes = new AtomicLong();
    private final Promise<Void> drained = Promise.promise();
    private volatile boolean stopping;

    Calls(Vertx vertx, TransportLimits limits, StatusMapper statuses, LongSupplier nanoClock) {
        this.vertx = vertx;
        this.limits = limits;
        this.statuses = statuses;
        this.nanoClock = nanoClock;
    }

    public Vertx vertx() {
        return vertx;
    }

    public TransportLimits limits() {
        return limits;
    }

    public StatusMapper statuses() {
        return statuses;
    }

    long nanoTime() {
        return nanoClock.getAsLong();
    }

    boolean stopping() {
        return stopping;
    }

    int active() {
        return active.size();
    }

    void begun(ServerCall<?, ?> call) {
        active.add(call);
        if (stopping) {
            throw stoppingNow();
        }
    }

    void ended(ServerCall<?, ?> call) {
        active.remove(call);
        completeWhenDrained();
    }

    /**
     * Counts the payload of a unary call until it ends.
     *
     * @throws Refused OVERLOADED
     */
    void holdUnary(ServerCall<?, ?> call, long bytes) {
        long held = unaryBytes.addAndGet(bytes);
        call.onClosed(() -> unaryBytes.addAndGet(-bytes));
        if (held > limits.unaryBytes()) {
            throw new Refused(
                    Reason.OVERLOADED,
                    "requests: " + held + " bytes under way (expected: at most " + limits.unaryBytes() + ")");
        }
    }

    /** Refuses new calls, asks streams to end, and completes when none is left; those left after the time are ended hard. */
    Future<Void> drain(long millis) {
        stopping = true;
        for (ServerCall<?, ?> call : active) {
            call.stop();
        }
        vertx.setTimer(Math.max(1, millis), unused -> {
            for (ServerCall<?, ?> call : active) {
                call.runOnContext(() -> call.fail(stoppingNow()));
            }
        });
        completeWhenDrained();
        return drained.future();
    }

    public static Refused stoppingNow() {
        return new Refused(Reason.STOPPING, "server: stopping (expected: a server that takes calls)");
    }

    private void completeWhenDrained() {
        if (stopping && active.isEmpty()) {
            drained.tryComplete();
        }
    }
}
