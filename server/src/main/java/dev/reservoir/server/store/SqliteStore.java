// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import dev.reservoir.server.metrics.Metrics;
import dev.reservoir.server.startup.StartFailure;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log and the checkpoints of a data folder, in one SQLite database with a write-ahead log that is synced at every
 * commit. One thread writes; readers have connections of their own and see what is durable.
 */
public final class SqliteStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SqliteStore.class);

    private final AppendQueue queue;
    private final Thread writing;
    private final Readers readers;
    private final DurableMark mark;
    private final SqliteLog log;
    private final SqliteCheckpoints checkpoints;
    private final OpenReport report;

    /**
     * What the store takes from its surroundings.
     *
     * @param retryLater runs an action once, after a while: the next attempt while the disk is full
     */
    record Surroundings(Database.Connector connector, Executor retryLater, LongSupplier nanoClock) {
        static Surroundings usual(StoreSettings settings) {
            return new Surroundings(
                    Database::connect,
                    CompletableFuture.delayedExecutor(settings.retryMillis(), TimeUnit.MILLISECONDS),
                    System::nanoTime);
        }
    }

    private SqliteStore(Opened opened, StoreSettings settings, Surroundings surroundings, StoreMetrics metrics) {
        mark = opened.mark;
        report = opened.report;
        readers = new Readers(opened.database);
        queue = new AppendQueue(opened.bounds.end(), settings.pendingBytes(), settings.frameBytes());
        StoreWriter writer = new StoreWriter(
                new StoreWriter.Environment(opened.database, mark, surroundings.retryLater, surroundings.nanoClock),
                new WriteConnection(opened.database, readers, opened.connection),
                opened.bounds,
                queue,
                metrics);
        log = new SqliteLog(queue, writer, readers, report.damage(), metrics);
        checkpoints = new SqliteCheckpoints(queue, readers, metrics.checkpoints());
        queue.add(new StoreJobs.Clean());
        writing = new Thread(writer, "store-writer");
        writing.start();
    }

    /**
     * Opens the store of a folder, verifies its whole log, and starts the thread that writes.
     *
     * @param folder outlives this
     * @throws StartFailure if the database cannot be opened, or is damaged beyond what can be told apart
     */
    public static SqliteStore open(DataFolder folder, StoreSettings settings, Metrics metrics) {
        return open(folder, settings, Surroundings.usual(settings), metrics);
    }

    static SqliteStore open(DataFolder folder, StoreSettings settings, Surroundings surroundings, Metrics metrics) {
        Opened opened = Opened.open(folder, surroundings.connector);
        StoreMetrics counted = StoreMetrics.register(metrics);
        SqliteStore store = new SqliteStore(opened, settings, surroundings, counted);
        metrics.gauge(
                "reservoir_log_pending_bytes", "Bytes of records that are not durable yet.", store.queue::pendingBytes);
        for (Damage damage : store.report.damage()) {
            LOG.error("The log is damaged: {}", damage);
            counted.trouble().damagedRecords().add(damage.lastOffset() - damage.firstOffset() + 1);
        }
        store.report.repairs().forEach(line -> LOG.warn("Repaired: {}", line));
        return store;
    }

    public ExampleLog log() {
        return log;
    }

    public Checkpoints checkpoints() {
        return checkpoints;
    }

    /** What was found when it was opened. */
    public OpenReport report() {
        return report;
    }

    /** Writes what is pending, then closes. If the disk is full, one more attempt is made. */
    @Override
    public void close() {
        queue.close();
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                writing.join();
                ended = true;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        readers.close();
        try {
            mark.sync();
            mark.close();
        } catch (IOException e) {
            LOG.warn("{} could not be closed: {}", DurableMark.NAME, e.toString());
        }
    }

    /** A database that was opened and verified. */
    private record Opened(
            Database database, DurableMark mark, Connection connection, LogBounds bounds, OpenReport report) {

        static Opened open(DataFolder folder, Database.Connector connector) {
            SqliteLibrary.prepare();
            Database database = new Database(folder.path().resolve(Database.NAME), connector);
            DurableMark mark = null;
            Connection connection = null;
            try {
                mark = DurableMark.open(folder.path());
                long durableMark = mark.read();
                if (durableMark > 0 && !database.exists()) {
                    throw new StartFailure(database.file() + ": no such file, though the log was durable up to offset "
                            + durableMark + " (expected: the database, or a backup of the folder)");
                }
                WalFile.Verdict verdict = WalFile.inspect(database.writeAheadLog(), Database.PAGE_BYTES);
                connection = database.openWriter();
                FolderFile.sync(folder.path());
                List<String> repairs = new ArrayList<>();
                if (verdict == WalFile.Verdict.DAMAGED) {
                    repairs.add("checksums of the write-ahead log, of which the damaged original is kept as "
                            + database.writeAheadLog().getFileName() + ".damaged");
                    checkIntegrity(connection, database);
                }
                LogTables tables = new LogTables(connection);
                LogVerifier.Result found = new LogVerifier(tables).verify(durableMark);
                if (found.boundsRebuilt()) {
                    repairs.add("the bounds of the log, which follow from its frames");
                }
                storeBounds(connection, tables, found.bounds());
                mark.write(found.bounds().end());
                mark.sync();
                OpenReport report = new OpenReport(
                        found.records(),
                        found.bounds().endBytes(),
                        verdict == WalFile.Verdict.TORN,
                        found.damage(),
                        repairs);
                return new Opened(database, mark, connection, found.bounds(), report);
            } catch (SQLException | IOException e) {
                close(connection, mark);
                throw new StartFailure(
                        database.file() + ": " + StartFailure.reasons(e)
                                + " (expected: a sound database with room to write)",
                        e);
            } catch (RuntimeException e) {
                close(connection, mark);
                throw e;
            }
        }

        private static void storeBounds(Connection connection, LogTables tables, LogBounds bounds) throws SQLException {
            if (tables.readBounds().filter(bounds::equals).isEmpty()) {
                Database.begin(connection);
                tables.writeBounds(bounds);
                Database.commit(connection);
            }
        }

        /** Pages of which a checksum was wrong are in the database now: those with payload are told by our own. */
        private static void checkIntegrity(Connection connection, Database database) throws SQLException {
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("PRAGMA integrity_check(1)")) {
                row.next();
                if (!row.getString(1).equals("ok")) {
                    throw new StartFailure(database.file() + ": damaged: " + row.getString(1)
                            + " (expected: a sound database; restore a backup)");
                }
            }
        }

        private static void close(@Nullable Connection connection, @Nullable DurableMark mark) {
            if (connection != null) {
                Database.close(connection);
            }
            if (mark != null) {
                try {
                    mark.close();
                } catch (IOException e) {
                    LOG.debug("{} could not be closed", DurableMark.NAME, e);
                }
            }
        }
    }
}
