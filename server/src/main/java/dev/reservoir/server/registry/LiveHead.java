package dev.reservoir.server.registry;

import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.ObservationEncoder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A head that exists: its learner, which one lane at a time may touch, and what is published of it, which everybody may read.
 *
 * <p>Guarantees: {@link #published} never goes back in version or sequence number; whoever is told of a publication finds it published;
 * after {@link #deleted} turns true nothing is published any more.
 */
public final class LiveHead {
    private final HeadName name;
    private final ObservationEncoder encoder;
    private final HeadLearner learner;
    private final String requestId;
    private final HeadSpec createdAs;
    private final Instant createTime;
    private final HeadWriter writer = new HeadWriter();
    private final CopyOnWriteArrayList<Runnable> watchers = new CopyOnWriteArrayList<>();
    private final List<Waiter> waiters = new ArrayList<>();

    private volatile HeadVersion published;
    private volatile boolean deleted;

    LiveHead(HeadSpec spec, ObservationEncoder encoder, HeadLearner learner, String requestId, Instant createTime) {
        this.name = spec.name();
        this.encoder = encoder;
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

    public ObservationEncoder encoder() {
        return encoder;
    }

    /** For the lane that holds the head's turn, nobody else. */
    public HeadLearner learner() {
        return learner;
    }

    public HeadWriter writer() {
        return writer;
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
     * Publishes the learner's state; for the lane that holds the head's turn.
     *
     * @param appliedThrough last sequence number that is handled
     */
    public HeadVersion publish(long appliedThrough) {
        HeadVersion next = new HeadVersion(
                learner.spec(),
                learner.snapshot(),
                published.version() + 1,
                appliedThrough,
                learner.metrics(),
                learner.failure(),
                learner.trainableParameters(),
                learner.residentBytes());
        published = next;
        tellWaiters();
        tellWatchers();
        return next;
    }

    /** Calls back after each publication and after the deletion, on whatever thread did it; callbacks must be quick. */
    public Subscription watch(Runnable changed) {
        watchers.add(changed);
        return () -> watchers.remove(changed);
    }

    /** Calls back once, as soon as {@code sequence} is handled or the head is deleted: at once where it is so already. */
    public Subscription whenApplied(long sequence, Runnable applied) {
        Waiter waiter = new Waiter(sequence, applied);
        synchronized (waiters) {
            waiters.add(waiter);
        }
        tellWaiters();
        return () -> {
            synchronized (waiters) {
                waiters.remove(waiter);
            }
        };
    }

    void delete() {
        deleted = true;
        tellWaiters();
        tellWatchers();
    }

    private void tellWatchers() {
        for (Runnable watcher : watchers) {
            watcher.run();
        }
    }

    private void tellWaiters() {
        List<Waiter> ready = new ArrayList<>();
        synchronized (waiters) {
            long applied = published.appliedThrough();
            waiters.removeIf(waiter -> {
                boolean done = deleted || waiter.sequence <= applied;
                if (done) {
                    ready.add(waiter);
                }
                return done;
            });
        }
        for (Waiter waiter : ready) {
            waiter.applied.run();
        }
    }

    private static final class Waiter {
        final long sequence;
        final Runnable applied;

        Waiter(long sequence, Runnable applied) {
            this.sequence = sequence;
            this.applied = applied;
        }
    }
}
