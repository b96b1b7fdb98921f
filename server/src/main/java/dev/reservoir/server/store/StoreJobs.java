// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.protobuf.ByteString;
import dev.reservoir.server.store.Checkpoints.Checkpoint;
import dev.reservoir.server.store.Checkpoints.SharedPart;
import dev.reservoir.server.store.Checkpoints.Summary;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** The kinds of jobs. */
final class StoreJobs {
    private StoreJobs() {}

    /** Writes a checkpoint: the parts that are not there yet, then the state, then the row that makes it visible. */
    static final class Write extends StoreJob {
        private final Checkpoint checkpoint;
        private final Deque<SharedPart> parts;
        private @Nullable BlobWriter writing;

        Write(Checkpoint checkpoint) {
            this.checkpoint = checkpoint;
            parts = new ArrayDeque<>(checkpoint.parts());
        }

        @Override
        long afterOffset() {
            return checkpoint.offset();
        }

        @Override
        boolean leavesOpenBlobs() {
            return true;
        }

        @Override
        boolean step(Step step) throws SQLException {
            CheckpointTables tables = step.checkpoints();
            if (writing != null) {
                if (writing.writeChunk(step)) {
                    return finish(writing, tables);
                }
                return false;
            }
            SharedPart part = parts.peek();
            if (part == null) {
                writing = new BlobWriter(tables.openBlob(), checkpoint.state());
            } else if (tables.hasPart(part.id())) {
                parts.remove();
            } else {
                writing = new BlobWriter(tables.openBlob(), part.bytes());
            }
            return false;
        }

        private boolean finish(BlobWriter written, CheckpointTables tables) throws SQLException {
            writing = null;
            SharedPart part = parts.poll();
            if (part != null) {
                tables.publishPart(part.id(), written.blob, written.bytes);
                return false;
            }
            tables.withdraw(checkpoint.head(), checkpoint.offset(), checkpoint.offset());
            for (SharedPart used : checkpoint.parts()) {
                if (!tables.hasPart(used.id())) {
                    throw new SQLException("the shared part " + used.id() + " is gone");
                }
            }
            Summary summary = new Summary(
                    checkpoint.head(),
                    checkpoint.offset(),
                    checkpoint.summary(),
                    checkpoint.state().size(),
                    checkpoint.parts().stream().map(SharedPart::id).toList());
            tables.publish(
                    CheckpointTables.Row.of(written.blob, summary, CheckpointTables.checksum(checkpoint.state())));
            return true;
        }
    }

    /** Writes bytes in chunks. */
    private static final class BlobWriter {
        private final long blob;
        private final ByteString bytes;
        private int chunk;

        BlobWriter(long blob, ByteString bytes) {
            this.blob = blob;
            this.bytes = bytes;
        }

        /** @return whether it was the last */
        boolean writeChunk(StoreJob.Step step) throws SQLException {
            long from = (long) chunk * CheckpointTables.CHUNK_BYTES;
            int to = (int) Math.min(bytes.size(), from + CheckpointTables.CHUNK_BYTES);
            step.checkpoints().writeChunk(blob, chunk, bytes.substring((int) from, to));
            step.wrote(to - from);
            chunk++;
            return to == bytes.size();
        }
    }

    /** Withdraws checkpoints of a head; {@link Clean} deletes their bytes. */
    static final class Withdraw extends StoreJob {
        private final HeadId head;
        private final long firstOffset;
        private final long lastOffset;
        private boolean withdrew = true;

        Withdraw(HeadId head, long firstOffset, long lastOffset) {
            this.head = head;
            this.firstOffset = firstOffset;
            this.lastOffset = lastOffset;
        }

        @Override
        boolean step(Step step) throws SQLException {
            withdrew = step.checkpoints().withdraw(head, firstOffset, lastOffset);
            return true;
        }

        @Override
        boolean leavesOpenBlobs() {
            return withdrew;
        }
    }

    /** Withdraws a shared part whose bytes are damaged. */
    static final class WithdrawPart extends StoreJob {
        private final String id;

        WithdrawPart(String id) {
            this.id = id;
        }

        @Override
        boolean step(Step step) throws SQLException {
            // It may have been written anew since it was found to be damaged.
            if (step.checkpoints().part(id).isEmpty()) {
                step.checkpoints().withdrawPart(id);
            }
            return true;
        }

        @Override
        boolean leavesOpenBlobs() {
            return true;
        }
    }

    /** Deletes the bytes of blobs that are open. No checkpoint is being written meanwhile, as jobs do not overlap. */
    static final class Clean extends StoreJob {
        @Override
        boolean canWait() {
            return true;
        }

        @Override
        boolean step(Step step) throws SQLException {
            boolean deleted = step.checkpoints().deleteSome();
            step.wrote(CheckpointTables.CHUNK_BYTES);
            return !deleted;
        }
    }

    /** Drops the frames before an offset. */
    static final class Trim extends StoreJob {
        private final long before;

        Trim(long before) {
            this.before = before;
        }

        @Override
        boolean canWait() {
            return true;
        }

        @Override
        boolean step(Step step) throws SQLException {
            LogBounds bounds = step.bounds();
            LogBounds trimmed = step.log().trimSome(before, bounds);
            step.bounds(trimmed);
            step.wrote(CheckpointTables.CHUNK_BYTES);
            return trimmed.equals(bounds);
        }
    }
}
