// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.reservoir.store.v1.LogRecord;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log in the database. */
final class SqliteLog implements ExampleLog {
    private static final Logger LOG = LoggerFactory.getLogger(SqliteLog.class);
    private static final long READ_BYTES = 4 << 20;

    private final AppendQueue queue;
    private final StoreWriter writer;
    private final Readers readers;
    private final StoreMetrics metrics;

    @GuardedBy("this")
    private final List<Damage> damage;

    SqliteLog(AppendQueue queue, StoreWriter writer, Readers readers, List<Damage> damage, StoreMetrics metrics) {
        this.queue = queue;
        this.writer = writer;
        this.readers = readers;
        this.damage = new ArrayList<>(damage);
        this.metrics = metrics;
    }

    @Override
    public long append(LogRecord record) {
        if (record.getHeadId() == 0 || record.getEventCase() == LogRecord.EventCase.EVENT_NOT_SET) {
            throw new IllegalArgumentException("record: of head " + Long.toUnsignedString(record.getHeadId())
                    + " with event " + record.getEventCase() + " (expected: a head and an event)");
        }
        return queue.append(record);
    }

    @Override
    public long appendedThrough() {
        return queue.appendedThrough();
    }

    @Override
    public long durableThrough() {
        return writer.durableThrough();
    }

    @Override
    public Subscription whenDurable(long offset, Runnable action) {
        return writer.whenDurable(offset, action);
    }

    @Override
    public long begin() {
        return writer.bounds().begin();
    }

    @Override
    public void trim(long beforeOffset) {
        queue.add(new StoreJobs.Trim(beforeOffset));
    }

    @Override
    public synchronized List<Damage> damage() {
        long begin = begin();
        return damage.stream().filter(found -> found.lastOffset() >= begin).toList();
    }

    @Override
    public StorageState state() {
        return queue.state();
    }

    @Override
    public Subscription onState(Consumer<StorageState> listener) {
        return writer.onState(listener);
    }

    @Override
    public void read(long fromOffset, Reader reader) {
        if (fromOffset < begin()) {
            throw trimmed(fromOffset, begin());
        }
        long through = durableThrough();
        long next = fromOffset;
        while (next <= through) {
            Damage known = damageAtOrAfter(next);
            if (known != null && known.firstOffset() <= next) {
                reader.damaged(known);
                next = known.lastOffset() + 1;
            } else {
                long last = known == null ? through : Math.min(through, known.firstOffset() - 1);
                next = readSome(next, last, reader);
            }
        }
    }

    private synchronized @Nullable Damage damageAtOrAfter(long offset) {
        Damage first = null;
        for (Damage found : damage) {
            if (found.lastOffset() >= offset && (first == null || found.firstOffset() < first.firstOffset())) {
                first = found;
            }
        }
        return first;
    }

    /**
     * Reads some records without holding a transaction open while they are handed on.
     *
     * @return the offset to go on from
     */
    private long readSome(long from, long through, Reader reader) {
        List<Frame> frames = new ArrayList<>();
        try {
            readers.read(connection -> {
                long[] bytes = {0};
                new LogTables(connection).scan(from, through, frame -> {
                    frames.add(frame);
                    bytes[0] += frame.payload().length;
                    return bytes[0] < READ_BYTES;
                });
                return frames.size();
            });
        } catch (SQLException e) {
            if (frames.isEmpty() || !Database.isCorrupt(e)) {
                LOG.error("The log cannot be read at offset {}", from, e);
                throw unreadable(from, e);
            }
        }
        long next = from;
        for (Frame frame : frames) {
            if (!frame.sound() || frame.first() > next || frame.last() < next) {
                // The damage ends where a frame can be read again, which the next round finds out.
                return lost(next, frame.first() > next ? frame.first() - 1 : endOf(frames, frame, through), reader);
            }
            next = deliver(frame, next, through, reader);
        }
        return frames.isEmpty() ? lost(from, through, reader) : next;
    }

    private static long endOf(List<Frame> frames, Frame damaged, long through) {
        int following = frames.indexOf(damaged) + 1;
        return following < frames.size()
                ? Math.max(damaged.first(), frames.get(following).first() - 1)
                : Math.max(damaged.first(), Math.min(damaged.last(), through));
    }

    private static StorageUnavailable unreadable(long offset, SQLException problem) {
        return new StorageUnavailable(new StorageState(
                StorageState.Kind.FAILED,
                "storage: the log cannot be read at offset " + offset + ": " + problem.getMessage()
                        + " (expected: a sound database)"));
    }

    private static long deliver(Frame frame, long from, long through, Reader reader) {
        try {
            frame.forEach((offset, record) -> {
                if (offset >= from && offset <= through) {
                    reader.record(offset, record);
                }
            });
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("frame at offset " + frame.first() + ": not as it was written", e);
        }
        return frame.last() + 1;
    }

    private static IllegalArgumentException trimmed(long offset, long begin) {
        return new IllegalArgumentException(
                "offset: " + offset + " (expected: >= " + begin + ", the first that is kept)");
    }

    /** Records that were there when reading began are not any more: they were trimmed meanwhile, or damaged. */
    private long lost(long first, long last, Reader reader) {
        long end = Math.max(first, last);
        long[] begin = {0};
        Damage found;
        try {
            found = readers.read(connection -> {
                LogTables tables = new LogTables(connection);
                begin[0] = tables.readBounds().map(LogBounds::begin).orElse(0L);
                String why = "the frame at offset " + first + " was damaged meanwhile";
                return LogVerifier.damage(tables, first, end, why);
            });
        } catch (SQLException e) {
            throw unreadable(first, e);
        }
        if (first < begin[0]) {
            throw trimmed(first, begin[0]);
        }
        LOG.error("The log is damaged: {}", found);
        metrics.trouble().damagedRecords().add(end - first + 1);
        synchronized (this) {
            damage.add(found);
        }
        reader.damaged(found);
        return end + 1;
    }
}
