// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.protobuf.ByteString;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The checkpoints in the database. */
final class SqliteCheckpoints implements Checkpoints {
    private static final Logger LOG = LoggerFactory.getLogger(SqliteCheckpoints.class);

    private final AppendQueue queue;
    private final Readers readers;
    private final StoreMetrics.Checkpointing metrics;

    SqliteCheckpoints(AppendQueue queue, Readers readers, StoreMetrics.Checkpointing metrics) {
        this.queue = queue;
        this.readers = readers;
        this.metrics = metrics;
    }

    @Override
    public CompletableFuture<Void> write(Checkpoint checkpoint) {
        long appended = queue.appendedThrough();
        if (checkpoint.offset() > appended) {
            throw new IllegalArgumentException("offset: " + checkpoint.offset() + " (expected: at most " + appended
                    + ", the last that was appended)");
        }
        return add(new StoreJobs.Write(checkpoint));
    }

    private CompletableFuture<Void> add(StoreJob job) {
        queue.add(job);
        return job.done();
    }

    @Override
    public Optional<Stored> newest(HeadId head, long throughOffset) {
        return read(connection -> {
            CheckpointTables tables = new CheckpointTables(connection);
            for (CheckpointTables.Row row : tables.rows(head, throughOffset)) {
                Optional<Stored> stored = tables.load(row);
                if (stored.isPresent()) {
                    return stored;
                }
                damaged("the checkpoint of head " + head + " at offset "
                        + row.summary().offset());
            }
            return Optional.empty();
        });
    }

    @Override
    public Optional<ByteString> sharedPart(String id) {
        Optional<ByteString> part = read(connection -> new CheckpointTables(connection).part(id));
        if (part.isEmpty()) {
            damaged("the shared part " + id);
            queue.add(new StoreJobs.WithdrawPart(id));
        }
        return part;
    }

    private void damaged(String what) {
        metrics.damaged().increment();
        LOG.error("Damaged or missing, and skipped: {}", what);
    }

    @Override
    public List<Summary> list(HeadId head) {
        List<Summary> summaries =
                new ArrayList<>(sound(read(connection -> new CheckpointTables(connection).rows(head, Long.MAX_VALUE))));
        Collections.reverse(summaries);
        return summaries;
    }

    @Override
    public void forEachNewest(Consumer<Summary> each) {
        HeadId before = null;
        for (Summary summary : sound(read(connection -> new CheckpointTables(connection).rows()))) {
            if (!summary.head().equals(before)) {
                each.accept(summary);
            }
            before = summary.head();
        }
    }

    private List<Summary> sound(List<CheckpointTables.Row> rows) {
        List<Summary> sound = new ArrayList<>();
        for (CheckpointTables.Row row : rows) {
            if (row.sound()) {
                sound.add(row.summary());
            } else {
                damaged("a checkpoint in the list of checkpoints");
            }
        }
        return sound;
    }

    @Override
    public CompletableFuture<Void> delete(HeadId head, long offset) {
        return add(new StoreJobs.Withdraw(head, offset, offset));
    }

    @Override
    public CompletableFuture<Void> deleteAll(HeadId head) {
        return add(new StoreJobs.Withdraw(head, 0, Long.MAX_VALUE));
    }

    private <T> T read(Readers.Reading<T> reading) {
        try {
            return readers.read(reading);
        } catch (SQLException e) {
            LOG.error("Checkpoints cannot be read", e);
            throw new StorageUnavailable(new StorageState(
                    StorageState.Kind.FAILED,
                    "storage: checkpoints cannot be read: " + e.getMessage() + " (expected: a sound database)"));
        }
    }
}
