// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.BatchPolicy;
import dev.reservoir.server.schedule.Decision;
import dev.reservoir.server.schedule.Scheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Guards the scheduler with a lock: any thread offers work, lanes take it and wait for it. Thread-safe.
 *
 * <p>The queue decides who closes the learner of a deleted head: exactly one caller for each head, and never while a
 * lane works on it. It is the caller of {@link #drop} if no slice of the head runs, else that of
 * {@link #finishedTraining}; no work of the head is accepted after {@link #drop}.
 */
final class LaneQueue {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final LongSupplier clock;

    @GuardedBy("lock")
    private final Scheduler<ServingTask, TrainingTask> scheduler;

    @GuardedBy("lock")
    private boolean closed;
    /** Waiting lanes, including those that were woken but have not yet run. */
    @GuardedBy("lock")
    private int idle;

    LaneQueue(BatchPolicy policy, LongSupplier clock) {
        this.scheduler = new Scheduler<>(policy);
        this.clock = clock;
    }

    enum Offer {
        TAKEN,
        /** The queue has too little capacity left. */
        FULL,
        /** The head was deleted. */
        DELETED,
        CLOSED
    }

    /** Accepts tasks of one tenant, all or none. */
    Offer offer(List<ServingTask> tasks) {
        lock.lock();
        try {
            if (closed) {
                return Offer.CLOSED;
            }
            if (!scheduler.offerServing(tasks)) {
                return Offer.FULL;
            }
            changed.signal();
            return Offer.TAKEN;
        } finally {
            lock.unlock();
        }
    }

    Offer offer(TrainingTask task) {
        lock.lock();
        try {
            if (closed) {
                return Offer.CLOSED;
            }
            if (task.head().deleted()) {
                return Offer.DELETED;
            }
            scheduler.offerTraining(task);
            changed.signal();
            return Offer.TAKEN;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the next batch, whatever interrupts the thread; null once the queue is closed. */
    @Nullable
    Decision<ServingTask, TrainingTask> take() {
        lock.lock();
        try {
            while (!closed) {
                long now = clock.getAsLong();
                Decision<ServingTask, TrainingTask> decision = next(now);
                if (!(decision instanceof Decision.Wait<ServingTask, TrainingTask> wait)) {
                    return decision;
                }
                await(wait.untilNanos() == Long.MAX_VALUE ? Long.MAX_VALUE : wait.untilNanos() - now);
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** The work to do now, if any: the non-blocking step of {@link #take}. */
    Decision<ServingTask, TrainingTask> poll() {
        lock.lock();
        try {
            return closed ? new Decision.Wait<>(Long.MAX_VALUE) : next(clock.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private Decision<ServingTask, TrainingTask> next(long now) {
        Decision<ServingTask, TrainingTask> decision = scheduler.next(now, idle);
        if (idle > 0 && decision instanceof Decision.Train<ServingTask, TrainingTask>) {
            // There may be a share left for another lane.
            changed.signal();
        }
        return decision;
    }

    /** Waits until something changes or the time is over, at least a nanosecond. */
    @GuardedBy("lock")
    private void await(long nanos) {
        idle++;
        try {
            if (nanos == Long.MAX_VALUE) {
                changed.await();
            } else {
                changed.await(Math.max(1, nanos), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            // Lanes end when the queue closes, not on interrupts. The caller checks again and keeps waiting.
        } finally {
            idle--;
        }
    }

    /** Delays a lane whose work failed before it tries again; ends early once the queue is closed. */
    void backOff(long nanos) {
        lock.lock();
        try {
            long end = clock.getAsLong() + nanos;
            for (long left = nanos; left > 0 && !closed; left = end - clock.getAsLong()) {
                await(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * What a lane that pauses in a training batch serves before it continues; empty if nothing waits, or another lane
     * is free to serve it.
     */
    Decision.Serve<ServingTask, TrainingTask> takeBetween() {
        lock.lock();
        try {
            return idle > 0 ? new Decision.Serve<>(List.of(), List.of()) : scheduler.between(clock.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    void finishedServing(int items, long nanos) {
        lock.lock();
        try {
            scheduler.finishedServing(items, nanos, clock.getAsLong());
        } finally {
            lock.unlock();
        }
    }

    /** @return heads that were deleted meanwhile, whose learners the caller must close */
    List<LiveHead> finishedTraining(List<Decision.Slice<TrainingTask>> slices) {
        lock.lock();
        try {
            List<LiveHead> retired = new ArrayList<>();
            for (Object flow : scheduler.finishedTraining(slices)) {
                LiveHead head = (LiveHead) flow;
                if (head.retire()) {
                    retired.add(head);
                }
            }
            changed.signalAll();
            return retired;
        } finally {
            lock.unlock();
        }
    }

    void measured(long tokens, long nanos) {
        lock.lock();
        try {
            scheduler.measured(tokens, nanos);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The result of dropping a head's queued work.
     *
     * @param tasks what waited
     * @param retired whether the caller must close the head's learner
     */
    record Dropped(List<TrainingTask> tasks, boolean retired) {}

    /** Removes the queued work of a deleted head. */
    Dropped drop(LiveHead head) {
        lock.lock();
        try {
            Scheduler.Dropped<TrainingTask> dropped = scheduler.drop(head);
            return new Dropped(dropped.items(), dropped.idle() && head.retire());
        } finally {
            lock.unlock();
        }
    }

    /** Hands out no more batches and accepts no more work. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Removes what still waits to be served, once closed. */
    List<ServingTask> drainServing() {
        lock.lock();
        try {
            return scheduler.drainServing();
        } finally {
            lock.unlock();
        }
    }

    /** Removes what still waits to be learned, once closed. */
    List<TrainingTask> drainTraining() {
        lock.lock();
        try {
            return scheduler.drainTraining();
        } finally {
            lock.unlock();
        }
    }

    int queuedServing() {
        lock.lock();
        try {
            return scheduler.queuedServing();
        } finally {
            lock.unlock();
        }
    }

    int queuedTraining() {
        lock.lock();
        try {
            return scheduler.queuedTraining();
        } finally {
            lock.unlock();
        }
    }
}
