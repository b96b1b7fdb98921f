// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import dev.reservoir.server.startup.StartFailure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** Opens connections to the database file of a data folder. */
final class Database {
    static final String NAME = "reservoir.db";
    static final int PAGE_BYTES = 4_096;
    /** "RSVR". */
    private static final int APPLICATION = 0x52535652;

    private static final int SCHEMA = 1;
    private static final int BUSY_MILLIS = 10_000;
    private static final String[] TABLES = {
        // One row per commit; its key is the first offset.
        "CREATE TABLE frame (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, bytes_before INTEGER NOT NULL,"
                + " crc_before INTEGER NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL)",
        // Which heads a frame holds, on pages of its own, so that it survives what damages the frame.
        "CREATE TABLE frame_index (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, crc INTEGER NOT NULL,"
                + " heads BLOB NOT NULL)",
        "CREATE TABLE log_bounds (id INTEGER PRIMARY KEY CHECK (id = 1), begin INTEGER NOT NULL,"
                + " begin_bytes INTEGER NOT NULL, begin_crc INTEGER NOT NULL, \"end\" INTEGER NOT NULL,"
                + " end_bytes INTEGER NOT NULL, end_crc INTEGER NOT NULL, crc INTEGER NOT NULL)",
        "CREATE TABLE checkpoint (blob INTEGER PRIMARY KEY, head INTEGER NOT NULL, offset INTEGER NOT NULL,"
                + " state_bytes INTEGER NOT NULL, state_crc INTEGER NOT NULL, crc INTEGER NOT NULL,"
                + " parts TEXT NOT NULL, summary BLOB NOT NULL)",
        "CREATE UNIQUE INDEX checkpoint_of_head ON checkpoint (head, offset)",
        "CREATE TABLE shared_part (id TEXT PRIMARY KEY, blob INTEGER NOT NULL, bytes INTEGER NOT NULL,"
                + " crc INTEGER NOT NULL)",
        "CREATE TABLE part_use (part TEXT NOT NULL, checkpoint INTEGER NOT NULL, PRIMARY KEY (part, checkpoint))"
                + " WITHOUT ROWID",
        "CREATE INDEX part_use_of_checkpoint ON part_use (checkpoint)",
        // The bytes of states and parts; the key is the blob's number times 65,536 plus the chunk's.
        "CREATE TABLE chunk (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
        // Blobs that are being written or deleted: what is found here at a start is deleted.
        "CREATE TABLE open_blob (blob INTEGER PRIMARY KEY)",
        "CREATE TABLE next_blob (id INTEGER PRIMARY KEY CHECK (id = 1), blob INTEGER NOT NULL)",
        "INSERT INTO next_blob VALUES (1, 1)",
    };

    /** How connections are opened; tests put failures in between. */
    @FunctionalInterface
    interface Connector {
        Connection connect(String url, SQLiteConfig config) throws SQLException;
    }

    private final Path file;
    private final Connector connector;

    Database(Path file, Connector connector) {
        this.file = file;
        this.connector = connector;
    }

    /** Opens them with the driver. */
    static Connection connect(String url, SQLiteConfig config) throws SQLException {
        return config.createConnection(url);
    }

    boolean exists() {
        return Files.exists(file);
    }

    Path file() {
        return file;
    }

    Path writeAheadLog() {
        return file.resolveSibling(NAME + "-wal");
    }

    /**
     * Opens the connection that writes, after a failure of another one. What the write-ahead log holds is copied into
     * the database and synced: after a sync that failed, its bytes may be in the memory of the kernel alone, and
     * reading them back proves nothing.
     */
    Connection reopenWriter() throws SQLException {
        Connection connection = openWriter();
        try {
            checkpoint(connection, "TRUNCATE");
            return connection;
        } catch (SQLException e) {
            close(connection);
            throw e;
        }
    }

    /** Opens the connection that writes. The write-ahead log is copied as well, unless the disk is full. */
    Connection openWriter() throws SQLException {
        Connection connection = connector.connect(url(), config());
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA page_size = " + PAGE_BYTES);
            statement.execute("PRAGMA journal_mode = WAL");
            statement.execute("PRAGMA synchronous = FULL");
            statement.execute("PRAGMA wal_autocheckpoint = 0");
            copyIfRoom(connection);
            createOrCheck(connection, statement);
            return connection;
        } catch (SQLException | RuntimeException e) {
            close(connection);
            throw e;
        }
    }

    private static void copyIfRoom(Connection connection) throws SQLException {
        try {
            checkpoint(connection, "TRUNCATE");
        } catch (SQLException e) {
            if (!isFull(e)) {
                throw e;
            }
        }
    }

    /** Opens a connection that only reads. The writer must be open. */
    Connection openReader() throws SQLException {
        Connection connection = connector.connect(url(), config());
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA query_only = ON");
            return connection;
        } catch (SQLException e) {
            close(connection);
            throw e;
        }
    }

    private static SQLiteConfig config() {
        SQLiteConfig config = new SQLiteConfig();
        config.setBusyTimeout(BUSY_MILLIS);
        config.setTempStore(SQLiteConfig.TempStore.MEMORY);
        return config;
    }

    private String url() {
        return "jdbc:sqlite:" + file.toAbsolutePath();
    }

    private static void createOrCheck(Connection connection, Statement statement) throws SQLException {
        int version = number(statement, "PRAGMA user_version");
        if (version == 0 && number(statement, "SELECT count(*) FROM sqlite_schema") == 0) {
            begin(connection);
            for (String table : TABLES) {
                statement.execute(table);
            }
            new LogTables(connection).writeBounds(LogBounds.EMPTY);
            statement.execute("PRAGMA application_id = " + APPLICATION);
            statement.execute("PRAGMA user_version = " + SCHEMA);
            commit(connection);
        } else if (number(statement, "PRAGMA application_id") != APPLICATION || version < 1) {
            throw new StartFailure(NAME + ": not a database of this server (expected: one that it made)");
        } else if (version > SCHEMA) {
            throw new StartFailure(NAME + ": format " + version + " (expected: at most " + SCHEMA
                    + ", for a newer version of the server wrote it)");
        }
    }

    private static int number(Statement statement, String query) throws SQLException {
        try (ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getInt(1);
        }
    }

    /** Begins a transaction that writes. The driver's own would begin the next one with every commit. */
    static void begin(Connection connection) throws SQLException {
        execute(connection, "BEGIN IMMEDIATE");
    }

    static void commit(Connection connection) throws SQLException {
        execute(connection, "COMMIT");
    }

    /** Ends a transaction that has failed, if SQLite has not ended it. */
    static void rollback(Connection connection) {
        try {
            execute(connection, "ROLLBACK");
        } catch (SQLException e) {
            // None was open.
        }
    }

    static void execute(Connection connection, String text) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(text);
        }
    }

    /**
     * Copies the write-ahead log into the database file and syncs that.
     *
     * @return the frames that the write-ahead log has, and those of them that were copied
     */
    static Copied checkpoint(Connection connection, String mode) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("PRAGMA wal_checkpoint(" + mode + ")")) {
            rows.next();
            if (rows.getInt(1) != 0 && mode.equals("TRUNCATE")) {
                throw new SQLException("the database is in use by another program");
            }
            return new Copied(rows.getInt(2), rows.getInt(3));
        }
    }

    /** Pages in the write-ahead log, and those of them that are in the database file too. */
    record Copied(int pages, int copied) {}

    static void close(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            // The connection is given up; what it could not write is retried or reported by whoever needed it.
        }
    }

    static boolean isFull(SQLException problem) {
        return primaryCode(problem) == SQLiteErrorCode.SQLITE_FULL.code;
    }

    static boolean isCorrupt(SQLException problem) {
        int code = primaryCode(problem);
        return code == SQLiteErrorCode.SQLITE_CORRUPT.code || code == SQLiteErrorCode.SQLITE_NOTADB.code;
    }

    private static int primaryCode(SQLException problem) {
        return problem instanceof SQLiteException sqlite ? sqlite.getResultCode().code & 0xFF : -1;
    }
}
