// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import dev.reservoir.server.startup.StartFailure;
import dev.reservoir.server.store.AppendQueue.Batch;
import dev.reservoir.server.store.AppendQueue.Turn;
import dev.reservoir.server.store.StorageState.Kind;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that writes. It alone has the connection that does: it commits the records that wait as one frame, then
 * does a part of a job, and so on.
 *
 * <pre>
 *            commit                      commit finds the disk full
 *   +------> WRITING ---------------------------------------------> FULL --+
 *   |           |  ^                                                  |    | retry finds it full
 *   |           |  +--------------------------------------------------+ <--+
 *   |  any other|                           a retry succeeds
 *   |  failure  v
 *   +------ REOPENING ----------------------------------------> FAILED
 *     verified           it cannot be opened, its end is not what was written,
 *                        or the first commit after it fails as well
 * </pre>
 *
 * <p>Reopening closes the connection, opens another one and compares the end of the log with what was written: what is
 * missing is written anew, what is there is not written twice.
 */
final class StoreWriter implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(StoreWriter.class);

    private final Database database;
    private final DurableMark mark;
    private final WriteConnection connection;
    private final AppendQueue queue;
    private final JobRunner jobs;
    private final DurableWaiters waiters = new DurableWaiters();
    private final StoreMetrics metrics;
    private final Executor retryLater;
    private final LongSupplier nanoClock;
    private final List<Consumer<StorageState>> listeners = new CopyOnWriteArrayList<>();

    private volatile LogBounds bounds;
    private volatile long durableThrough;
    private boolean markBroken;

    /**
     * What the writer works with.
     *
     * @param retryLater runs an action once, after a while: the next attempt while the disk is full
     */
    record Environment(Database database, DurableMark mark, Executor retryLater, LongSupplier nanoClock) {}

    StoreWriter(
            Environment environment,
            WriteConnection connection,
            LogBounds bounds,
            AppendQueue queue,
            StoreMetrics metrics) {
        database = environment.database;
        mark = environment.mark;
        retryLater = environment.retryLater;
        nanoClock = environment.nanoClock;
        this.connection = connection;
        this.bounds = bounds;
        this.queue = queue;
        this.metrics = metrics;
        jobs = new JobRunner(queue, connection, metrics.checkpoints());
        durableThrough = bounds.end();
    }

    LogBounds bounds() {
        return bounds;
    }

    long durableThrough() {
        return durableThrough;
    }

    Subscription whenDurable(long offset, Runnable action) {
        Subscription subscription = waiters.add(offset, action);
        if (offset <= durableThrough) {
            queue.wake();
        }
        return subscription;
    }

    Subscription onState(Consumer<StorageState> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public void run() {
        boolean more = true;
        while (more) {
            try {
                more = turn();
            } catch (SQLException | RuntimeException | Error e) {
                fail("storage: " + StartFailure.reasons(e) + " (expected: a database that can be written)", e);
            }
        }
        if (queue.pendingRecords() > 0) {
            LOG.error("{} records after offset {} are lost", queue.pendingRecords(), durableThrough);
        }
        connection.close();
        abandonJobs();
    }

    /** @return false at the end */
    private boolean turn() throws SQLException {
        Turn turn = queue.await(durableThrough);
        boolean failed = queue.state().kind() == Kind.FAILED;
        Batch batch = turn.batch();
        StoreJob job = turn.job();
        if (failed) {
            abandonJobs();
            waiters.advance(durableThrough);
            if (!turn.closing()) {
                queue.awaitRetry();
            }
            return !turn.closing();
        }
        if (batch != null && !write(batch)) {
            // Given up: the disk is full and the store closes, or it has failed.
            return !turn.closing();
        }
        waiters.advance(durableThrough);
        if (job != null && turn.closing() && job.canWait()) {
            queue.ended(job);
            job.done().complete(null);
        } else if (job != null) {
            bounds = jobs.work(bounds, durableThrough);
        }
        if (connection.isLong()) {
            copy();
        }
        return !turn.closing() || batch != null || job != null;
    }

    private void abandonJobs() {
        StorageState state = queue.state();
        StorageState reason =
                state.kind() == Kind.OK ? new StorageState(Kind.FAILED, "storage: closed (expected: open)") : state;
        queue.abandonJobs().forEach(job -> job.done().completeExceptionally(new StorageUnavailable(reason)));
    }

    /** Writes a batch, however long that takes. @return false if it was given up */
    private boolean write(Batch batch) throws SQLException {
        Frame frame = Frame.after(bounds, batch.records());
        boolean closing = false;
        while (true) {
            try {
                long begin = nanoClock.getAsLong();
                connection.commit(writer -> {
                    new LogTables(writer).append(frame, batch.index(), bounds);
                    return frame.payload().length;
                });
                metrics.commitNanos().record(nanoClock.getAsLong() - begin);
                durable(batch, frame);
                return true;
            } catch (SQLException e) {
                if (!Database.isFull(e)) {
                    if (recover(batch, frame, e)) {
                        return true;
                    }
                    continue;
                }
            }
            metrics.trouble().full().increment();
            if (closing) {
                return false;
            }
            become(new StorageState(
                    Kind.FULL, "storage: the disk of " + database.file() + " is full (expected: room to write)"));
            closing = waitForRoom();
        }
    }

    /** @return whether the store closes, so that the next attempt is the last */
    private boolean waitForRoom() throws SQLException {
        retryLater.execute(queue::retry);
        while (!queue.awaitRetry()) {
            waiters.advance(durableThrough);
        }
        // What is in the database already need not take room in the write-ahead log.
        copy();
        return queue.isClosing();
    }

    private void durable(Batch batch, Frame frame) {
        bounds = bounds.after(frame);
        durableThrough = frame.last();
        writeMark();
        metrics.records().add(batch.records().size());
        metrics.frames().increment();
        metrics.bytes().add(frame.payload().length);
        queue.written(batch);
        become(StorageState.OK);
    }

    private void writeMark() {
        try {
            mark.write(durableThrough);
            markBroken = false;
        } catch (IOException e) {
            if (!markBroken) {
                LOG.warn(
                        "{} cannot be written: {}. A loss of the log's end would be told later",
                        DurableMark.NAME,
                        e.toString());
            }
            markBroken = true;
        }
    }

    /**
     * After a commit that failed: opens the database anew and finds out what is in it.
     *
     * @return whether the batch is in it
     */
    private boolean recover(Batch batch, Frame frame, SQLException problem) throws SQLException {
        metrics.trouble().reopened().increment();
        LogBounds found = connection.reopen(problem);
        if (found.equals(bounds)) {
            return false;
        }
        if (!found.equals(bounds.after(frame))) {
            throw new SQLException(
                    "the log ends at offset " + found.end() + " after a failure: " + problem.getMessage(), problem);
        }
        durable(batch, frame);
        return true;
    }

    /** Copies the write-ahead log into the database. */
    private void copy() throws SQLException {
        long begin = nanoClock.getAsLong();
        try {
            mark.sync();
        } catch (IOException e) {
            LOG.warn("{} cannot be synced: {}", DurableMark.NAME, e.toString());
        }
        try {
            connection.copy();
        } catch (SQLException e) {
            metrics.trouble().reopened().increment();
            if (!connection.reopen(e).equals(bounds)) {
                throw e;
            }
        }
        metrics.copyNanos().record(nanoClock.getAsLong() - begin);
    }

    private void fail(String reason, Throwable cause) {
        LOG.error("Nothing can be stored any more: {}", reason, cause);
        become(new StorageState(Kind.FAILED, reason));
        abandonJobs();
    }

    private void become(StorageState next) {
        if (!queue.setState(next)) {
            return;
        }
        if (next.kind() != Kind.FAILED) {
            LOG.info("Storage is {} {}", next.kind(), next.reason());
        }
        for (Consumer<StorageState> listener : listeners) {
            try {
                listener.accept(next);
            } catch (RuntimeException e) {
                LOG.error("A listener for the state of the storage failed", e);
            }
        }
    }
}
