// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One head's part of a training batch. Nobody else touches the head's learner meanwhile. Not thread-safe.
 *
 * <p>Tasks are begun in order and handled in order; the result is published and reported at the end. Whatever fails,
 * each example is reported as learned or refused, and none is skipped: {@link #failAll} refuses those that were not
 * handled. An example whose number does not follow its predecessor's is never learned; it stops the head, because from
 * then on its state would no longer be determined by its examples.
 */
abstract class HeadSlice {
    private static final Logger LOG = LoggerFactory.getLogger(HeadSlice.class);

    private final LiveHead head;
    private final HeadLearner learner;
    private final List<TrainingTask> tasks;
    private final List<Handled> handled = new ArrayList<>();
    /** Refusals of examples that were reported as accepted after earlier batches. */
    private final List<TrainingListener.Refusal> late = new ArrayList<>();

    /** Listeners to notify that a minibatch was ended. */
    private final List<TrainingListener> flushes = new ArrayList<>();

    private int begun;
    /** Index of the first task that is not yet handled. */
    private int done;

    private long begunThrough;
    private long appliedThrough;
    /** Why the head stops learning although its learner has not failed, or null. */
    private @Nullable String stopped;

    private boolean ended;

    HeadSlice(LiveHead head, List<TrainingTask> tasks) {
        this.head = head;
        this.learner = head.learner();
        this.tasks = tasks;
        this.appliedThrough = head.published().appliedThrough();
        this.begunThrough = appliedThrough;
        this.stopped = learner.failure() == null ? head.published().failure() : null;
    }

    final LiveHead head() {
        return head;
    }

    final List<TrainingTask> tasks() {
        return tasks;
    }

    /**
     * Processes tasks until an update is due that is made together with those of other heads.
     *
     * @return whether one is due; otherwise nothing is left
     */
    abstract boolean advance();

    /** Passes an example to the learner, which may collect it with those that follow. */
    abstract void learn(TrainingTask.Example example);

    /** Learns the collected examples before anything else is done to the head. */
    abstract void settle();

    final boolean hasNext() {
        return begun < tasks.size();
    }

    /** Processes the next task. */
    final void doNext() {
        TrainingTask next = tasks.get(begun++);
        if (head.deleted()) {
            next.headDeleted();
            done = begun;
        } else if (next instanceof TrainingTask.Update update) {
            settle();
            update(update);
            done = begun;
        } else if (next instanceof TrainingTask.Flush flush) {
            settle();
            if (stopped == null) {
                learner.flush();
            }
            flushes.add(flush.listener());
            done = begun;
        } else if (next instanceof TrainingTask.Refusal refusal) {
            checkOrder(refusal.sequence());
            settle();
            learner.countRefused();
            handle(refusal.sequence(), refusal.why(), refusal.listener());
        } else if (next instanceof TrainingTask.Example example) {
            checkOrder(example.sequence());
            if (stopped == null) {
                learn(example);
            } else {
                handle(example.sequence(), headFailed(), example.listener());
            }
        }
    }

    private void checkOrder(long sequence) {
        if (sequence != begunThrough + 1) {
            stopped = "stopped learning: example " + sequence + " came instead of example " + (begunThrough + 1);
            throw new IllegalStateException(head.name() + " " + stopped);
        }
        begunThrough = sequence;
    }

    private void update(TrainingTask.Update update) {
        try {
            learner.update(
                    update.change().apply(learner.spec(), learner.snapshot().labels()));
            HeadVersion version = head.publish(appliedThrough);
            update.end(version, null);
        } catch (Refused refused) {
            update.end(null, refused);
        } catch (Throwable e) {
            LOG.error("Head {} could not be updated", head.name(), e);
            update.end(null, Failure.refusal("head: could not be updated", e));
        }
    }

    /** Marks the first unhandled example as learned or refused. */
    final void handle(long sequence, @Nullable Refused why, TrainingListener listener) {
        handled.add(new Handled(sequence, why, listener));
        appliedThrough = Math.max(appliedThrough, sequence);
        done++;
    }

    /**
     * Refuses an example that was handled as accepted because it waited for its minibatch to fill. If it was reported
     * after an earlier batch, the listener of the latest example is notified, because the one that submitted it may be
     * gone.
     */
    final void refuseAccepted(long sequence, Refused why) {
        for (int i = handled.size() - 1; i >= 0; i--) {
            if (handled.get(i).sequence == sequence) {
                handled.set(i, new Handled(sequence, why, handled.get(i).listener));
                return;
            }
        }
        late.add(new TrainingListener.Refusal(sequence, why));
    }

    /** Stops the head: its learner may be in any state. */
    final void stop(String why) {
        stopped = "stopped learning: " + why;
    }

    /** Refuses every unhandled example, then publishes and reports; does nothing once the slice has ended. */
    final void failAll(Throwable thrown) {
        if (ended) {
            return;
        }
        LOG.error("A training batch failed for head {}", head.name(), thrown);
        Refused why = Failure.refusal("example: the head could not learn it", thrown);
        while (done < tasks.size()) {
            TrainingTask task = tasks.get(done);
            if (task instanceof TrainingTask.Example example) {
                handle(example.sequence(), why, example.listener());
            } else if (task instanceof TrainingTask.Refusal refusal) {
                handle(refusal.sequence(), refusal.why(), refusal.listener());
            } else if (task instanceof TrainingTask.Update update) {
                update.end(null, why);
                done++;
            } else if (task instanceof TrainingTask.Flush flush) {
                flushes.add(flush.listener());
                done++;
            }
        }
        publishAndReport();
    }

    /** Publishes the new state and reports what was handled. Never fails. */
    final void end() {
        if (ended) {
            return;
        }
        try {
            settle();
        } catch (Throwable e) {
            failAll(e);
            return;
        }
        publishAndReport();
    }

    private void publishAndReport() {
        ended = true;
        if (head.deleted()) {
            handled.forEach(one -> report(one.listener, listener -> listener.deleted()));
            flushes.forEach(flush -> report(flush, listener -> listener.deleted()));
        } else if (!handled.isEmpty() || !flushes.isEmpty()) {
            HeadVersion version = publish();
            if (version.failure() != null && version.failure().equals(stopped)) {
                for (int i = 0; i < handled.size(); i++) {
                    Handled one = handled.get(i);
                    handled.set(i, one.why == null ? new Handled(one.sequence, headFailed(), one.listener) : one);
                }
            }
            report(version);
            for (TrainingListener flush : flushes) {
                List<TrainingListener.Refusal> unreported = handled.isEmpty() ? List.copyOf(late) : List.of();
                late.clear();
                report(flush, target -> target.handled(0, unreported, version));
            }
        }
    }

    /**
     * Publishes the head as failed if publication fails even at a second attempt, when memory may be available again.
     */
    private HeadVersion publish() {
        for (int attempt = 0; attempt < 2 && stopped == null; attempt++) {
            try {
                return head.publish(appliedThrough);
            } catch (Throwable e) {
                LOG.error("Head {} could not be published", head.name(), e);
            }
        }
        String why = stopped == null ? "stopped learning: what it has learned could not be published" : stopped;
        stopped = why;
        return head.fail(why, appliedThrough);
    }

    private Refused headFailed() {
        return new Refused(Reason.HEAD_FAILED, head.name() + ": " + stopped);
    }

    /** Reports to each listener its own examples, in order. */
    private void report(HeadVersion version) {
        int from = 0;
        while (from < handled.size()) {
            TrainingListener listener = handled.get(from).listener;
            List<TrainingListener.Refusal> refusals = new ArrayList<>();
            int to = from;
            while (to < handled.size() && handled.get(to).listener == listener) {
                Handled one = handled.get(to);
                if (one.why != null) {
                    refusals.add(new TrainingListener.Refusal(one.sequence, one.why));
                }
                to++;
            }
            if (to == handled.size()) {
                refusals.addAll(0, late);
            }
            int count = to - from;
            report(listener, target -> target.handled(count, refusals, version));
            from = to;
        }
    }

    private interface Report {
        void to(TrainingListener listener);
    }

    /** A failing listener does not keep the others from being notified. */
    private void report(TrainingListener listener, Report report) {
        try {
            report.to(listener);
        } catch (Throwable e) {
            LOG.error("Head {}: a listener failed; the others are notified", head.name(), e);
        }
    }

    private record Handled(long sequence, @Nullable Refused why, TrainingListener listener) {}
}
