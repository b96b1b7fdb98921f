// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import java.sql.Connection;
import java.sql.SQLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one connection that writes. After a sync that failed, the kernel may call the next one good though the bytes are
 * gone; so after any failure but a full disk it must be opened anew before anything else is committed. Not thread-safe.
 */
final class WriteConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WriteConnection.class);
    /** Pages of the write-ahead log after which it is copied into the database: 16 MiB. */
    private static final int COPY_PAGES = 4_096;

    /** Pages that a commit writes besides its content: of a table, an index, the bounds. */
    private static final int PAGES_PER_COMMIT = 4;

    private final Database database;
    private final Readers readers;
    private Connection connection;
    /** Whether it was opened anew and nothing was committed since. */
    private boolean fresh;

    private long bytesSinceCopy;

    WriteConnection(Database database, Readers readers, Connection connection) {
        this.database = database;
        this.readers = readers;
        this.connection = connection;
    }

    /** Changes the database within a transaction. */
    @FunctionalInterface
    interface Change {
        /** @return about how many bytes it wrote */
        long make(Connection connection) throws SQLException;
    }

    /** Commits a change. It is durable when this returns; when this throws, it may be in the database or not. */
    void commit(Change change) throws SQLException {
        try {
            Database.begin(connection);
            long bytes = change.make(connection);
            Database.commit(connection);
            bytesSinceCopy += bytes + PAGES_PER_COMMIT * Database.PAGE_BYTES;
            fresh = false;
        } catch (SQLException e) {
            Database.rollback(connection);
            throw e;
        }
    }

    /**
     * Opens it anew after a failure and looks at the end of the log.
     *
     * @return the bounds of the log that was found
     * @throws SQLException if that cannot be done, its last frame is not sound, or nothing was committed since the last
     *     time: the given failure
     */
    LogBounds reopen(SQLException problem) throws SQLException {
        if (fresh) {
            throw problem;
        }
        LOG.warn("The database is opened anew after a failure: {}", problem.toString());
        connection = readers.withoutReaders(() -> {
            Database.close(connection);
            return database.reopenWriter();
        });
        fresh = true;
        LogTables tables = new LogTables(connection);
        LogBounds found = tables.readBounds().orElseThrow(() -> new SQLException("the bounds of the log are damaged"));
        Frame[] last = new Frame[1];
        tables.scanBackwards(frame -> {
            last[0] = frame;
            return false;
        });
        if (last[0] != null && !(last[0].sound() && last[0].crc() == found.endCrc())) {
            throw new SQLException("the last frame of the log is damaged");
        }
        return found;
    }

    /** Whether the write-ahead log has become so long that it should be copied. */
    boolean isLong() {
        return bytesSinceCopy >= (long) COPY_PAGES * Database.PAGE_BYTES;
    }

    /** Copies the write-ahead log into the database, so that it begins anew; less of it if the disk is full. */
    void copy() throws SQLException {
        bytesSinceCopy = 0;
        try {
            Database.checkpoint(connection, "PASSIVE");
        } catch (SQLException e) {
            if (!Database.isFull(e)) {
                throw e;
            }
        }
    }

    @Override
    public void close() {
        Database.close(connection);
    }
}
