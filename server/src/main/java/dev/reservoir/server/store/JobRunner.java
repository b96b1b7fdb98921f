// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import dev.reservoir.server.startup.StartFailure;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Works on jobs, some steps in a transaction. Not thread-safe. */
final class JobRunner {
    private static final Logger LOG = LoggerFactory.getLogger(JobRunner.class);
    private static final long TRANSACTION_BYTES = 1 << 20;

    private final AppendQueue queue;
    private final WriteConnection connection;
    private final StoreMetrics.Checkpointing metrics;

    JobRunner(AppendQueue queue, WriteConnection connection, StoreMetrics.Checkpointing metrics) {
        this.queue = queue;
        this.connection = connection;
        this.metrics = metrics;
    }

    /**
     * Works until enough was written for one transaction. If it fails, so do the jobs that had a part in it.
     *
     * @return the bounds of the log after it
     * @throws SQLException if nothing can be written any more
     */
    LogBounds work(LogBounds bounds, long durableThrough) throws SQLException {
        List<StoreJob> touched = new ArrayList<>();
        List<StoreJob> ended = new ArrayList<>();
        LogBounds[] after = {bounds};
        try {
            connection.commit(writer -> {
                Transaction transaction = new Transaction(writer, bounds);
                StoreJob job = queue.readyJob(durableThrough);
                while (job != null && transaction.bytes < TRANSACTION_BYTES) {
                    touched.add(job);
                    if (job.step(transaction)) {
                        queue.ended(job);
                        ended.add(job);
                    }
                    job = queue.readyJob(durableThrough);
                }
                after[0] = transaction.bounds;
                metrics.bytes().add(transaction.bytes);
                return transaction.bytes;
            });
        } catch (SQLException e) {
            failed(touched, e);
            return Database.isFull(e) ? bounds : reopened(bounds, e);
        }
        for (StoreJob job : ended) {
            if (job instanceof StoreJobs.Write) {
                metrics.written().increment();
            }
            job.done().complete(null);
        }
        clean(ended);
        return after[0];
    }

    private void failed(List<StoreJob> jobs, SQLException problem) {
        boolean full = Database.isFull(problem);
        LOG.warn("A checkpoint or a clean-up could not be written: {}", problem.toString());
        StorageState state = new StorageState(
                full ? StorageState.Kind.FULL : StorageState.Kind.FAILED,
                "storage: " + StartFailure.reasons(problem) + " (expected: room to write)");
        for (StoreJob job : jobs) {
            queue.ended(job);
            job.done().completeExceptionally(new StorageUnavailable(state));
        }
        clean(jobs);
    }

    /** A job may have changed the log's beginning, but not its end. */
    private LogBounds reopened(LogBounds bounds, SQLException problem) throws SQLException {
        LogBounds found = connection.reopen(problem);
        if (found.end() != bounds.end() || found.endCrc() != bounds.endCrc()) {
            throw problem;
        }
        return found;
    }

    private void clean(List<StoreJob> jobs) {
        if (jobs.stream().anyMatch(StoreJob::leavesOpenBlobs)) {
            queue.add(new StoreJobs.Clean());
        }
    }

    private static final class Transaction implements StoreJob.Step {
        private final LogTables log;
        private final CheckpointTables checkpoints;
        private LogBounds bounds;
        private long bytes;

        Transaction(Connection connection, LogBounds bounds) {
            log = new LogTables(connection);
            checkpoints = new CheckpointTables(connection);
            this.bounds = bounds;
        }

        @Override
        public LogTables log() {
            return log;
        }

        @Override
        public CheckpointTables checkpoints() {
            return checkpoints;
        }

        @Override
        public LogBounds bounds() {
            return bounds;
        }

        @Override
        public void bounds(LogBounds changed) {
            bounds = changed;
        }

        @Override
        public void wrote(long written) {
            bytes += written;
        }
    }
}
