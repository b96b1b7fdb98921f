// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.registry;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A head that exists: its learner, which one lane at a time may use, and its published version, which any thread may
 * read.
 *
 * <pre>
 *           delete             retire
 *   LIVE -----------> DELETED --------> RETIRED
 *     |                                    ^
 *     +------------------------------------+
 *                    retire
 * </pre>
 *
 * <p>Guarantees: {@link #published} never goes back in version or sequence number; a callback about a publication sees
 * it published; only a live head publishes, so that after {@link #deleted} turns true nothing is published any more;
 * {@link #retire} succeeds once. Thread-safe, but for the learner.
 */
public final class LiveHead {
    private static final Logger LOG = LoggerFactory.getLogger(LiveHead.class);

    private enum State {
        LIVE,
        DELETED,
        RETIRED
    }

    private final HeadName name;
    private final HeadLearner learner;
    private final String requestId;
    private final HeadSpec createdAs;
    private final Instant createTime;
    private final CopyOnWriteArrayList<Runnable> watchers = new CopyOnWriteArrayList<>();
    private final Object lock = new Object();

    @GuardedBy("lock")
    private final List<Waiter> waiters = new ArrayList<>();

    @GuardedBy("lock")
    private State state = State.LIVE;

    /** Written under the lock. */
    private volatile HeadVersion published;
    /** Whether {@link #state} has ever been DELETED; written under the lock. */
    private volatile boolean deleted;

    LiveHead(HeadSpec spec, HeadLearner learner, String requestId, Instant createTime) {
        this.name = spec.name();
        this.learner = learner;
        this.requestId = requestId;
        this.createdAs = spec;
        this.createTime = createTime;
        this.published = new HeadVersion(
                spec,
                learner.snapshot(),
                0,
                0,
                learner.metrics(),
                null,
                learner.trainableParameters(),
                learner.residentBytes());
    }

    public HeadName name() {
        return name;
    }

    /** For the lane that runs the head's slice only. */
    public HeadLearner learner() {
        return learner;
    }

    public Instant createTime() {
        return createTime;
    }

    public HeadVersion published() {
        return published;
    }

    public boolean deleted() {
        return deleted;
    }

    /** Whether a repeated creation is the one that made this head. */
    boolean createdBy(String otherRequestId, HeadSpec spec) {
        return !requestId.isEmpty() && requestId.equals(otherRequestId) && createdAs.equals(spec);
    }

    /**
     * Publishes the learner's state; for the lane that runs the head's slice.
     *
     * @param appliedThrough the last handled sequence number
     * @return the version published from now on: the learner's state or, if the head is no longer live, the last
     *     published version
     * @throws IllegalStateException if the sequence number goes back
     */
    public HeadVersion publish(long appliedThrough) {
        HeadVersion before = published;
        String failure = learner.failure();
        return swap(new HeadVersion(
                learner.spec(),
                learner.snapshot(),
                before.version() + 1,
                appliedThrough,
                learner.metrics(),
                failure == null ? before.failure() : failure,
                learner.trainableParameters(),
                learner.residentBytes()));
    }

    /**
     * Publishes that the head has stopped learning and keeps serving its last state; for the lane that runs the head's
     * slice. Does not touch the learner.
     */
    public HeadVersion fail(String why, long appliedThrough) {
        HeadVersion before = published;
        return swap(new HeadVersion(
                before.spec(),
                before.snapshot(),
                before.version() + 1,
                appliedThrough,
                before.metrics(),
                why,
                before.trainableParameters(),
                before.residentBytes()));
    }

    private HeadVersion swap(HeadVersion next) {
        List<Waiter> ready;
        synchronized (lock) {
            if (state != State.LIVE) {
                return published;
            }
            verifyFollows(published, next);
            published = next;
            ready = takeReadyWaiters();
        }
        call(ready);
        callWatchers();
        return next;
    }

    private static void verifyFollows(HeadVersion before, HeadVersion next) {
        if (next.version() != before.version() + 1 || next.appliedThrough() < before.appliedThrough()) {
            throw new IllegalStateException("version " + next.version() + " of example " + next.appliedThrough()
                    + " (expected: version " + (before.version() + 1) + " of example " + before.appliedThrough()
                    + " or later)");
        }
    }

    /** Calls back after each publication and after the deletion, on the thread that did it; callbacks must be quick. */
    public Subscription watch(Runnable changed) {
        watchers.add(changed);
        return () -> watchers.remove(changed);
    }

    /**
     * Calls back once, as soon as {@code sequence} is handled or the head is deleted, immediately if that is already
     * so.
     */
    public Subscription whenApplied(long sequence, Runnable applied) {
        Waiter waiter = new Waiter(sequence, applied);
        List<Waiter> ready;
        synchronized (lock) {
            waiters.add(waiter);
            ready = takeReadyWaiters();
        }
        call(ready);
        return () -> {
            synchronized (lock) {
                waiters.remove(waiter);
            }
        };
    }

    void delete() {
        List<Waiter> ready;
        synchronized (lock) {
            if (state == State.LIVE) {
                state = State.DELETED;
            }
            deleted = true;
            ready = takeReadyWaiters();
        }
        call(ready);
        callWatchers();
    }

    /**
     * Retires the head. The caller that gets true must close the learner, and no other may; call it only when no lane
     * runs a slice of the head and none will.
     */
    public boolean retire() {
        synchronized (lock) {
            boolean first = state != State.RETIRED;
            state = State.RETIRED;
            return first;
        }
    }

    /** Frees the learner of a head that no lane works on any more; idempotent. */
    public void close() {
        if (retire()) {
            learner.close();
        }
    }

    private void callWatchers() {
        for (Runnable watcher : watchers) {
            call(watcher);
        }
    }

    @GuardedBy("lock")
    private List<Waiter> takeReadyWaiters() {
        List<Waiter> ready = new ArrayList<>();
        long applied = published.appliedThrough();
        Iterator<Waiter> all = waiters.iterator();
        while (all.hasNext()) {
            Waiter waiter = all.next();
            if (deleted || waiter.sequence <= applied) {
                ready.add(waiter);
                all.remove();
            }
        }
        return ready;
    }

    private void call(List<Waiter> ready) {
        for (Waiter waiter : ready) {
            call(waiter.applied);
        }
    }

    /** A failing callback does not keep the others from being called. */
    private void call(Runnable callback) {
        try {
            callback.run();
        } catch (Throwable e) {
            LOG.error("Head {}: a callback failed; the others are called", name, e);
        }
    }

    /** Compared by identity: two callbacks may wait for the same number. */
    private static final class Waiter {
        final long sequence;
        final Runnable applied;

        Waiter(long sequence, Runnable applied) {
            this.sequence = sequence;
            this.applied = applied;
        }
    }
}
