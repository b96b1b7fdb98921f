// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;

/**
 * Decodes and hashes payloads: small ones on the calling thread, because handing them over would cost more than
 * decoding them, and large ones on worker threads, because an image of a few MiB would stall every connection of an
 * event loop. Thread-safe.
 */
final class DecodeWorkers {
    /** Largest payload that is decoded on the calling thread: from here on decoding costs more than a hand-over. */
    static final int AT_ONCE_BYTES = 4 << 10;

    private final Executor workers;

    DecodeWorkers(Executor workers) {
        this.workers = workers;
    }

    /** Runs work on a payload of the given size; several run in any order. */
    void run(long bytes, Runnable work) {
        if (bytes <= AT_ONCE_BYTES) {
            work.run();
        } else {
            workers.execute(work);
        }
    }

    /** Keeps the payloads of one stream in order. */
    Ordered ordered() {
        return new Ordered();
    }

    /** Runs work sequentially in the order of submission; each task sees the effects of the one before. */
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
