// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** Connections whose commits fail when they are told to, and which count how often they were opened. */
final class FailingConnector implements Database.Connector {
    /** What happens to a commit. */
    enum Fate {
        /** It succeeds. */
        DONE,
        /** It fails, and nothing of it is in the database. */
        LOST,
        /** It fails, though all of it is in the database. */
        DONE_BUT_FAILED
    }

    private volatile Fate next = Fate.DONE;
    private volatile int failures;
    private volatile boolean full;
    private volatile boolean cannotOpen;
    private final AtomicInteger opened = new AtomicInteger();

    void failNext(Fate fate, int times) {
        failures = times;
        next = fate;
    }

    void fullFromNowOn() {
        full = true;
    }

    void room() {
        full = false;
    }

    void cannotBeOpened() {
        cannotOpen = true;
    }

    int opened() {
        return opened.get();
    }

    @Override
    public Connection connect(String url, SQLiteConfig config) throws SQLException {
        if (cannotOpen) {
            throw new SQLiteException("disk I/O error", SQLiteErrorCode.SQLITE_IOERR_READ);
        }
        opened.incrementAndGet();
        Connection connection = Database.connect(url, config);
        return proxy(Connection.class, (self, method, arguments) -> {
            Object result = call(() -> method.invoke(connection, arguments));
            return method.getName().equals("createStatement") ? statement((Statement) result) : result;
        });
    }

    private Statement statement(Statement statement) {
        return proxy(Statement.class, (self, method, arguments) -> {
            if (full
                    && method.getName().equals("executeQuery")
                    && "PRAGMA wal_checkpoint(TRUNCATE)".equals(arguments[0])) {
                throw new SQLiteException("database or disk is full", SQLiteErrorCode.SQLITE_FULL);
            }
            if (!method.getName().equals("execute") || !"COMMIT".equals(arguments[0])) {
                return call(() -> method.invoke(statement, arguments));
            }
            if (full) {
                throw new SQLiteException("database or disk is full", SQLiteErrorCode.SQLITE_FULL);
            }
            Fate fate = failures > 0 ? next : Fate.DONE;
            if (fate != Fate.LOST) {
                call(() -> method.invoke(statement, arguments));
            }
            if (fate != Fate.DONE) {
                failures--;
                throw new SQLiteException("disk I/O error", SQLiteErrorCode.SQLITE_IOERR_FSYNC);
            }
            return false;
        });
    }

    private interface Call {
        Object run() throws ReflectiveOperationException;
    }

    private static Object call(Call call) throws Throwable {
        try {
            return call.run();
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(
                Proxy.newProxyInstance(FailingConnector.class.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
