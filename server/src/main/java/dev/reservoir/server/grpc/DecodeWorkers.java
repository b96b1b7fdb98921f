// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;

/**
 * Where payloads are decoded and hashed: small ones at once, as a hand-over would cost more than they do; large ones by
 * worker threads, as a picture of some MiB would hold up every connection of an event loop. Thread-safe.
 */
final class DecodeWorkers {
    /** Largest payload that is decoded at once. */
    static final int AT_ONCE_BYTES = 16 << 10;

    private final Executor workers;

    DecodeWorkers(Executor workers) {
        this.workers = workers;
    }

    /** Runs work on a payload of so many bytes; any order among several. */
    void run(long bytes, Runnable work) {
        if (bytes <= AT_ONCE_BYTES) {
            work.run();
        } else {
            workers.execute(work);
        }
    }

    /** What keeps the order of one stream's payloads. */
    Ordered ordered() {
        return new Ordered();
    }

    /** Runs work one after the other in the order in which it comes; the next sees what the one before did. */
    final class Ordered {
        @GuardedBy("this")
        private final ArrayDeque<Runnable> queue = new ArrayDeque<>();

        @GuardedBy("this")
        private boolean running;

        private Ordered() {}

        /** Runs work that throws nothing. Called by one thread at a time. */
        void run(long bytes, Runnable work) {
            synchronized (this) {
                if (running || bytes > AT_ONCE_BYTES) {
                    queue.add(work);
                    if (!running) {
                        running = true;
                        workers.execute(this::drain);
                    }
                    return;
                }
            }
            work.run();
        }

        private void drain() {
            while (true) {
                Runnable next;
                synchronized (this) {
                    next = queue.poll();
                    running = next != null;
                    if (next == null) {
                        return;
                    }
                }
                next.run();
            }
        }
    }
}
