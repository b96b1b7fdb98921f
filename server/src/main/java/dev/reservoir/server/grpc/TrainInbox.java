// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.server.engine.TrainingListener;
import dev.reservoir.server.memory.MemoryBudget;
import dev.reservoir.server.registry.HeadVersion;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The examples of a training stream that are not yet handled, in order, and the engine's reports about them. Reports
 * are merged while an earlier notification of the stream is still pending.
 *
 * <p>An example's memory is released as soon as it has been handled or can no longer be, whether or not its stream is
 * still open. Thread-safe.
 */
final class TrainInbox implements TrainingListener {
    /** Notifies the stream, on any thread. */
    interface Stream {
        /** There is something to {@link #removeHandled}. */
        void handled();

        /** Nothing more will come. */
        void stopped();
    }

    /** An example that has arrived. */
    record Arrived(long sequence, int bytes, MemoryBudget.Reservation memory) {}

    /** Merged reports: how many examples were handled, their bytes, and the head's state after the last of them. */
    record Handled(int count, long bytes, List<Refusal> refusals, HeadVersion published) {}

    private final Stream stream;

    @GuardedBy("this")
    private final ArrayDeque<Arrived> waiting = new ArrayDeque<>();

    @GuardedBy("this")
    private int count;

    @GuardedBy("this")
    private long bytes;

    @GuardedBy("this")
    private List<Refusal> refusals = new ArrayList<>();

    @GuardedBy("this")
    private @Nullable HeadVersion latest;

    TrainInbox(Stream stream) {
        this.stream = stream;
    }

    /** Called before the example is offered. */
    synchronized void add(Arrived example) {
        waiting.add(example);
    }

    /** The engine will not report this example. Called before the next is offered. */
    synchronized void remove(Arrived example) {
        waiting.remove(example);
        example.memory().close();
    }

    /** The number of the first example that is not yet handled; the largest possible number if there is none. */
    synchronized long firstWaiting() {
        Arrived first = waiting.peek();
        return first == null ? Long.MAX_VALUE : first.sequence();
    }

    /** Removes what was handled since the last call; null if nothing was. */
    synchronized @Nullable Handled removeHandled() {
        HeadVersion published = latest;
        if (published == null) {
            return null;
        }
        Handled merged = new Handled(count, bytes, refusals, published);
        count = 0;
        bytes = 0;
        refusals = new ArrayList<>();
        latest = null;
        return merged;
    }

    @Override
    public void handled(int handled, List<Refusal> refused, HeadVersion published) {
        boolean first;
        synchronized (this) {
            first = latest == null;
            for (int i = 0; i < handled && !waiting.isEmpty(); i++) {
                Arrived example = waiting.remove();
                bytes += example.bytes();
                example.memory().close();
            }
            count += handled;
            refusals.addAll(refused);
            latest = published;
        }
        if (first) {
            stream.handled();
        }
    }

    @Override
    public void deleted() {
        // The stream is notified through its lease.
        release();
    }

    @Override
    public void stopped() {
        release();
        stream.stopped();
    }

    private synchronized void release() {
        waiting.forEach(example -> example.memory().close());
        waiting.clear();
    }
}
