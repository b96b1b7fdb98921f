package dev.reservoir.server.engine;

import dev.reservoir.server.schedule.BatchPolicy;
import dev.reservoir.server.schedule.Decision;
import dev.reservoir.server.schedule.Scheduler;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A lock around the schedule: anybody offers, lanes take and wait. */
final class LaneQueue {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Scheduler<ServingTask, TrainingTask> scheduler;
    private final LongSupplier clock;
    private boolean closed;
    /** Lanes that wait, those that were woken and have not looked yet among them. */
    private int idle;

    LaneQueue(BatchPolicy policy, LongSupplier clock) {
        this.scheduler = new Scheduler<>(policy);
        this.clock = clock;
    }

    enum Offer {
        TAKEN,
        FULL,
        CLOSED
    }

    Offer offer(ServingTask task) {
        lock.lock();
        try {
            if (closed) {
                return Offer.CLOSED;
            }
            if (!scheduler.offerServing(task)) {
                return Offer.FULL;
            }
            changed.signal();
            return Offer.TAKEN;
        } finally {
            lock.unlock();
        }
    }

    /** @return false where the queue is closed */
    boolean offer(TrainingTask task) {
        lock.lock();
        try {
            if (closed) {
                return false;
            }
            scheduler.offerTraining(task);
            changed.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the next batch; null once the queue is closed. */
    @Nullable
    Decision<ServingTask, TrainingTask> take() {
        lock.lock();
        try {
            while (!closed) {
                long now = clock.getAsLong();
                Decision<ServingTask, TrainingTask> decision = scheduler.next(now, idle);
                if (!(decision instanceof Decision.Wait<ServingTask, TrainingTask> wait)) {
                    if (idle > 0 && decision instanceof Decision.Train<ServingTask, TrainingTask>) {
                        // There may be a share left for it.
                        changed.signal();
                    }
                    return decision;
                }
                idle++;
                try {
                    if (wait.untilNanos() == Long.MAX_VALUE) {
                        changed.await();
                    } else {
                        changed.await(Math.max(1, wait.untilNanos() - now), TimeUnit.NANOSECONDS);
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return null;
                } finally {
                    idle--;
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** What a lane that pauses in a training batch serves before it goes on; empty where nothing waits, or another lane is free to serve it. */
    List<ServingTask> takeBetween() {
        lock.lock();
        try {
            return idle > 0 ? List.of() : scheduler.between(clock.getAsLong());
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

    void finishedTraining(List<Decision.Slice<TrainingTask>> slices) {
        lock.lock();
        try {
            scheduler.finishedTraining(slices);
            changed.signalAll();
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

    /** What waited in a flow, and whether a slice of it still runs. */
    record Dropped(List<TrainingTask> tasks, boolean busy) {}

    Dropped drop(Object flow) {
        lock.lock();
        try {
            return new Dropped(scheduler.drop(flow), scheduler.busy(flow));
        } finally {
            lock.unlock();
        }
    }

    /** Hands out no more batches and takes no more work. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What still waits to be served, once closed. */
    List<ServingTask> drainServing() {
        lock.lock();
        try {
            return scheduler.dropServing();
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
