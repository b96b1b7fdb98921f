// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;

/**
 * Work on the database besides the log, done in steps between commits. Jobs run one after the other. If the transaction
 * of a step fails, the whole job has failed: a step is never repeated.
 */
abstract class StoreJob {
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    /** Begins only when the log is durable up to this offset. */
    long afterOffset() {
        return 0;
    }

    /**
     * Does a part of the work in the transaction that is open.
     *
     * @return whether that was all
     */
    abstract boolean step(Step step) throws SQLException;

    /** After the job has failed: whether it may have left blobs that are open. */
    boolean leavesOpenBlobs() {
        return false;
    }

    /** Whether it may be left for the next start when the store closes. */
    boolean canWait() {
        return false;
    }

    final CompletableFuture<Void> done() {
        return done;
    }

    /** What a step works with. */
    interface Step {
        LogTables log();

        CheckpointTables checkpoints();

        LogBounds bounds();

        /** The log's bounds are others from this transaction on. */
        void bounds(LogBounds changed);

        /** Counts bytes that the transaction writes; when there are enough, it is committed. */
        void wrote(long bytes);
    }
}
