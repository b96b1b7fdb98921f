// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.memory.MemoryBudget;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** The calls in progress, and what they share. Thread-safe. */
public final class Calls {
    private final Vertx vertx;
    private final TransportLimits limits;
    private final StatusMapper statuses;
    private final MemoryBudget.Account memory;
    private final LongSupplier nanoClock;
    private final Set<ServerCall<?, ?>> active = ConcurrentHashMap.newKeySet();
    private final Promise<Void> drained = Promise.promise();
    private volatile boolean stopping;

    Calls(
            Vertx vertx,
            TransportLimits limits,
            StatusMapper statuses,
            MemoryBudget.Account memory,
            LongSupplier nanoClock) {
        this.vertx = vertx;
        this.limits = limits;
        this.statuses = statuses;
        this.memory = memory;
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

    /** The memory of requests that are arriving or in progress. */
    MemoryBudget.Account memory() {
        return memory;
    }

    /** Whether more than half of {@link #memory} is in use. */
    boolean memoryScarce() {
        return memory.usedBytes() > memory.limitBytes() / 2;
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
     * Refuses new calls, asks streams to end, and completes when no call is left; calls that remain after the time
     * limit are aborted.
     */
    Future<Void> drain(long millis) {
        stopping = true;
        for (ServerCall<?, ?> call : active) {
            call.stop();
        }
        vertx.setTimer(Math.max(1, millis), unused -> active.forEach(ServerCall::stopNow));
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
