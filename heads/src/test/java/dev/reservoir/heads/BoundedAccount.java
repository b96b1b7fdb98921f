// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import com.google.errorprone.annotations.concurrent.GuardedBy;

/** An account of a test: refuses what would pass its limit, and knows what it has given. Thread-safe. */
public final class BoundedAccount implements MemoryAccount {
    private final String owner;

    @GuardedBy("this")
    private long limit;

    @GuardedBy("this")
    private long used;

    @GuardedBy("this")
    private long most;

    public BoundedAccount(String owner, long limit) {
        this.owner = owner;
        this.limit = limit;
    }

    /** Bytes that are reserved now. */
    public synchronized long used() {
        return used;
    }

    /** Most bytes that were reserved at once. */
    public synchronized long most() {
        return most;
    }

    public synchronized void limit(long bytes) {
        limit = bytes;
    }

    private synchronized void change(long bytes) {
        if (bytes > 0 && bytes > limit - used) {
            throw new Refused(
                    Reason.MEMORY_LIMIT, owner + ": " + bytes + " (expected: at most " + (limit - used) + ")");
        }
        used += bytes;
        most = Math.max(most, used);
        if (used < 0) {
            throw new IllegalStateException("bytes in use: " + used);
        }
    }

    @Override
    public Grant reserve(long bytes) {
        change(bytes);
        return new Reserved(bytes);
    }

    private final class Reserved implements Grant {
        @GuardedBy("this")
        private long bytes;

        @GuardedBy("this")
        private boolean closed;

        Reserved(long bytes) {
            this.bytes = bytes;
        }

        @Override
        public synchronized void resize(long total) {
            if (closed && total > 0) {
                throw new IllegalStateException("resized after it was closed");
            }
            change(total - bytes);
            bytes = total;
        }

        @Override
        public synchronized void close() {
            closed = true;
            change(-bytes);
            bytes = 0;
        }
    }
}
