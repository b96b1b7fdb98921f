// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/** Connections that read, as many as read at once. */
final class Readers {
    private final Database database;
    /** Held shared while a connection is in use, and exclusively while none may be. */
    private final ReadWriteLock use = new ReentrantReadWriteLock();

    @GuardedBy("this")
    private final Deque<Connection> idle = new ArrayDeque<>();

    private volatile boolean closed;

    Readers(Database database) {
        this.database = database;
    }

    /** Reads something with a connection. */
    @FunctionalInterface
    interface Reading<T> {
        T read(Connection connection) throws SQLException;
    }

    /**
     * Reads within one transaction: everything is seen as of one commit.
     *
     * @throws IllegalStateException if the store is closed
     */
    <T> T read(Reading<T> reading) throws SQLException {
        use.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("store: closed (expected: open)");
            }
            Connection taken = take();
            Connection connection = taken == null ? database.openReader() : taken;
            boolean sound = false;
            try {
                Database.execute(connection, "BEGIN");
                T result = reading.read(connection);
                Database.execute(connection, "END");
                sound = true;
                return result;
            } finally {
                if (sound) {
                    giveBack(connection);
                } else {
                    Database.close(connection);
                }
            }
        } finally {
            use.readLock().unlock();
        }
    }

    private synchronized @Nullable Connection take() {
        return idle.poll();
    }

    private synchronized void giveBack(Connection connection) {
        idle.push(connection);
    }

    /** Waits until no connection is in use, closes all, and then does something before any is opened again. */
    <T> T withoutReaders(Reopening<T> action) throws SQLException {
        use.writeLock().lock();
        try {
            closeIdle();
            return action.run();
        } finally {
            use.writeLock().unlock();
        }
    }

    /** Something to do while no connection reads. */
    @FunctionalInterface
    interface Reopening<T> {
        T run() throws SQLException;
    }

    private synchronized void closeIdle() {
        idle.forEach(Database::close);
        idle.clear();
    }

    /** Ends reading for good. */
    void close() {
        use.writeLock().lock();
        try {
            closed = true;
            closeIdle();
        } finally {
            use.writeLock().unlock();
        }
    }
}
