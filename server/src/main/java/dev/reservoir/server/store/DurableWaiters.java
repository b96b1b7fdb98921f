// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who waits for an offset to be durable. */
final class DurableWaiters {
    private static final Logger LOG = LoggerFactory.getLogger(DurableWaiters.class);

    @GuardedBy("this")
    private final PriorityQueue<Waiter> waiting = new PriorityQueue<>();

    @GuardedBy("this")
    private long registered;

    private record Waiter(long offset, long order, Runnable action) implements Comparable<Waiter> {
        @Override
        public int compareTo(Waiter other) {
            int byOffset = Long.compare(offset, other.offset);
            return byOffset != 0 ? byOffset : Long.compare(order, other.order);
        }
    }

    synchronized Subscription add(long offset, Runnable action) {
        Waiter waiter = new Waiter(offset, registered++, action);
        waiting.add(waiter);
        return () -> remove(waiter);
    }

    private synchronized void remove(Waiter waiter) {
        waiting.remove(waiter);
    }

    /** Calls back, in order, all whose offset is at or before this one. For one thread. */
    void advance(long durableThrough) {
        for (Waiter due = next(durableThrough); due != null; due = next(durableThrough)) {
            try {
                due.action.run();
            } catch (RuntimeException e) {
                LOG.error("A callback for the durable offset {} failed", due.offset, e);
            }
        }
    }

    private synchronized @Nullable Waiter next(long durableThrough) {
        Waiter first = waiting.peek();
        return first == null || first.offset > durableThrough ? null : waiting.poll();
    }
}
