// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.store.v1.FrameIndex;
import dev.reservoir.store.v1.HeadRange;
import dev.reservoir.store.v1.LogRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be written: records in the order of their offsets, and jobs. Any thread adds, one thread takes.
 *
 * <pre>
 *           full               room
 *   OK ------------> FULL ------------> OK        append: taken, or waits while too many bytes are pending
 *    |                 |                          FULL, FAILED: append and wait end with StorageUnavailable
 *    +----> FAILED <---+
 * </pre>
 */
final class AppendQueue {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition room = lock.newCondition();
    private final long mostPendingBytes;
    private final int frameBytes;

    @GuardedBy("lock")
    private final Deque<Pending> records = new ArrayDeque<>();

    @GuardedBy("lock")
    private final Deque<StoreJob> jobs = new ArrayDeque<>();

    @GuardedBy("lock")
    private long appendedThrough;

    @GuardedBy("lock")
    private long pendingBytes;

    @GuardedBy("lock")
    private StorageState state = StorageState.OK;

    @GuardedBy("lock")
    private boolean woken;

    @GuardedBy("lock")
    private boolean retryDue;

    @GuardedBy("lock")
    private boolean closing;

    /**
     * Creates an empty queue.
     *
     * @param end offset of the last record that is stored
     * @param mostPendingBytes beyond which appending waits; a record that is larger is taken when nothing is pending
     * @param frameBytes beyond which a frame takes no further record
     */
    AppendQueue(long end, long mostPendingBytes, int frameBytes) {
        appendedThrough = end;
        this.mostPendingBytes = mostPendingBytes;
        this.frameBytes = frameBytes;
        lock.lock();
        try {
            verifyState();
        } finally {
            lock.unlock();
        }
    }

    private record Pending(byte[] bytes, long head, long sequence) {}

    /**
     * Records that become a frame.
     *
     * @param bytes of them
     */
    record Batch(long first, List<byte[]> records, FrameIndex index, long bytes) {
        long last() {
            return first + records.size() - 1;
        }
    }

    /**
     * What is to be done next.
     *
     * @param batch null if no record waits
     * @param job null if none is ready
     * @param closing whether nothing is added any more
     */
    record Turn(@Nullable Batch batch, @Nullable StoreJob job, boolean closing) {}

    long append(LogRecord record) {
        byte[] bytes = record.toByteArray();
        long sequence = record.hasExample() ? record.getExample().getSequence() : 0;
        Pending pending = new Pending(bytes, record.getHeadId(), sequence);
        lock.lock();
        try {
            checkOpen();
            while (pendingBytes > 0 && pendingBytes + bytes.length > mostPendingBytes) {
                room.awaitUninterruptibly();
                checkOpen();
            }
            records.add(pending);
            pendingBytes += bytes.length;
            appendedThrough++;
            work.signal();
            verifyState();
            return appendedThrough;
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void checkOpen() {
        if (closing) {
            throw new IllegalStateException("store: closed (expected: open)");
        }
        if (state.kind() != StorageState.Kind.OK) {
            throw new StorageUnavailable(state);
        }
    }

    /** Adds a job; whether it is taken at all depends on the state, as the job's future tells. */
    void add(StoreJob job) {
        lock.lock();
        try {
            if (!closing && state.kind() != StorageState.Kind.FAILED) {
                jobs.add(job);
                work.signal();
                return;
            }
        } finally {
            lock.unlock();
        }
        job.done().completeExceptionally(new StorageUnavailable(unavailable()));
    }

    private StorageState unavailable() {
        StorageState now = state();
        return now.kind() == StorageState.Kind.FAILED
                ? now
                : new StorageState(StorageState.Kind.FAILED, "storage: closed (expected: open)");
    }

    /** Makes {@link #await} return though there may be nothing to write. */
    void wake() {
        lock.lock();
        try {
            woken = true;
            work.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for something to do: a record, a job whose offset is durable, a call of {@link #wake}, or the end. */
    Turn await(long durableThrough) {
        lock.lock();
        try {
            while (records.isEmpty() && !jobReady(durableThrough) && !woken && !closing) {
                work.awaitUninterruptibly();
            }
            woken = false;
            Batch batch = records.isEmpty() ? null : batch();
            return new Turn(batch, jobReady(durableThrough) ? jobs.peek() : null, closing);
        } finally {
            lock.unlock();
        }
    }

    /** It is time for the next attempt of what found the disk full. */
    void retry() {
        lock.lock();
        try {
            retryDue = true;
            work.signal();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until the next attempt is due, the queue is closed, or {@link #wake} is called.
     *
     * @return false if it was only woken
     */
    boolean awaitRetry() {
        lock.lock();
        try {
            while (!woken && !retryDue && !closing) {
                work.awaitUninterruptibly();
            }
            woken = false;
            boolean due = retryDue || closing;
            retryDue = false;
            return due;
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private boolean jobReady(long durableThrough) {
        StoreJob next = jobs.peek();
        return next != null && next.afterOffset() <= durableThrough;
    }

    @GuardedBy("lock")
    private Batch batch() {
        long offset = appendedThrough - records.size() + 1;
        List<byte[]> bytes = new ArrayList<>();
        Map<Long, HeadRange.Builder> heads = new LinkedHashMap<>();
        long size = 0;
        long first = offset;
        for (Pending record : records) {
            if (size > 0 && size + record.bytes.length > frameBytes) {
                break;
            }
            size += record.bytes.length;
            bytes.add(record.bytes);
            HeadRange.Builder range = heads.computeIfAbsent(
                    record.head, head -> HeadRange.newBuilder().setHeadId(head));
            if (range.getFirstOffset() == 0) {
                range.setFirstOffset(offset);
            }
            range.setLastOffset(offset);
            if (record.sequence != 0) {
                range.setLastSequence(record.sequence);
                if (range.getFirstSequence() == 0) {
                    range.setFirstSequence(record.sequence);
                }
            }
            offset++;
        }
        FrameIndex.Builder index = FrameIndex.newBuilder();
        heads.values().forEach(index::addHeads);
        return new Batch(first, bytes, index.build(), size);
    }

    /** The records of a batch are durable. */
    void written(Batch batch) {
        lock.lock();
        try {
            for (int i = 0; i < batch.records.size(); i++) {
                pendingBytes -= records.remove().bytes.length;
            }
            room.signalAll();
            verifyState();
        } finally {
            lock.unlock();
        }
    }

    /** The job that is next, if the log is durable up to where it begins. */
    @Nullable
    StoreJob readyJob(long durableThrough) {
        lock.lock();
        try {
            return jobReady(durableThrough) ? jobs.peek() : null;
        } finally {
            lock.unlock();
        }
    }

    boolean isClosing() {
        lock.lock();
        try {
            return closing;
        } finally {
            lock.unlock();
        }
    }

    /** The job has ended. */
    void ended(StoreJob job) {
        lock.lock();
        try {
            jobs.remove(job);
        } finally {
            lock.unlock();
        }
    }

    /** @return whether the state is another than before */
    boolean setState(StorageState next) {
        lock.lock();
        try {
            if (state.equals(next) || state.kind() == StorageState.Kind.FAILED) {
                return false;
            }
            state = next;
            room.signalAll();
            verifyState();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Takes away all jobs, for they cannot be done any more. */
    List<StoreJob> abandonJobs() {
        lock.lock();
        try {
            List<StoreJob> abandoned = List.copyOf(jobs);
            jobs.clear();
            return abandoned;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is added from here on. */
    void close() {
        lock.lock();
        try {
            closing = true;
            work.signal();
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    StorageState state() {
        lock.lock();
        try {
            return state;
        } finally {
            lock.unlock();
        }
    }

    long appendedThrough() {
        lock.lock();
        try {
            return appendedThrough;
        } finally {
            lock.unlock();
        }
    }

    long pendingBytes() {
        lock.lock();
        try {
            return pendingBytes;
        } finally {
            lock.unlock();
        }
    }

    int pendingRecords() {
        lock.lock();
        try {
            return records.size();
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void verifyState() {
        boolean consistent = pendingBytes >= 0
                && appendedThrough >= records.size()
                && (records.isEmpty() ? pendingBytes == 0 : records.size() == 1 || pendingBytes <= mostPendingBytes);
        if (!consistent) {
            throw new IllegalStateException("pending: " + records.size() + " records of " + pendingBytes
                    + " bytes after offset " + appendedThrough + " (expected: none, one, or at most "
                    + mostPendingBytes + " bytes)");
        }
    }
}
