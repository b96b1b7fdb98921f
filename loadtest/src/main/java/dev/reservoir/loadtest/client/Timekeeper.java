// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import java.util.concurrent.locks.LockSupport;

/** A clock and a way to wait on it, so that code that waits can be tested without waiting. */
public interface Timekeeper {
    /** As {@link System#nanoTime}. */
    long nanoTime();

    /** Returns when {@link #nanoTime} has reached this value, or at once if the thread is interrupted. */
    void sleepUntil(long nanos);

    /** The machine's clock. */
    static Timekeeper system() {
        return new Timekeeper() {
            @Override
            public long nanoTime() {
                return System.nanoTime();
            }

            @Override
            public void sleepUntil(long nanos) {
                long left = nanos - System.nanoTime();
                while (left > 0 && !Thread.currentThread().isInterrupted()) {
                    LockSupport.parkNanos(this, left);
                    left = nanos - System.nanoTime();
                }
            }
        };
    }
}
