package dev.reservoir.server.engine;

import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One head's part of a training batch: what was handled, published at its end. Nobody else touches its learner meanwhile. */
abstract class HeadSlice {
    private static final Logger LOG = LoggerFactory.getLogger(HeadSlice.class);

    private final LiveHead head;
    private final HeadLearner learner;
    private final List<Handled> handled = new ArrayList<>();
    /** Refusals of examples that were handled as accepted in earlier batches. */
    private final List<TrainingListener.Refusal> late = new ArrayList<>();

    private long appliedThrough;

    HeadSlice(LiveHead head, HeadLearner learner) {
        this.head = head;
        this.learner = learner;
        this.appliedThrough = head.published().appliedThrough();
    }

    final LiveHead head() {
        return head;
    }

    /** Learns what was gathered before something else is done to the head. */
    abstract void settle();

    /** Does what is not an example. */
    final void other(TrainingTask task) {
        if (task instanceof TrainingTask.Refusal refusal) {
            refusal(refusal);
        } else if (task instanceof TrainingTask.Update update) {
            update(update);
        }
    }

    private void refusal(TrainingTask.Refusal refusal) {
        if (head.deleted()) {
            refusal.listener().deleted();
            return;
        }
        settle();
        learner.countRefused();
        handle(refusal.sequence(), refusal.why(), refusal.listener());
    }

    private void update(TrainingTask.Update update) {
        if (head.deleted()) {
            update.completion().refused(HeadRegistry.notFound(head.name()));
            return;
        }
        settle();
        try {
            learner.update(
                    update.change().apply(learner.spec(), learner.snapshot().labels()));
        } catch (Refused refused) {
            update.completion().refused(refused);
            return;
        } catch (RuntimeException e) {
            LOG.error("Head {} could not be updated", head.name(), e);
            update.completion().refused(new Refused(Reason.INTERNAL, "head: could not be updated"));
            return;
        }
        update.completion().completed(head.publish(appliedThrough));
    }

    /** Publishes what was handled and tells whoever waits for it. */
    final void end() {
        if (head.deleted()) {
            return;
        }
        settle();
        if (!handled.isEmpty()) {
            report(head.publish(appliedThrough));
        }
    }

    final void handle(long sequence, @Nullable Refused why, TrainingListener listener) {
        handled.add(new Handled(sequence, why, listener));
        appliedThrough = sequence;
    }

    /**
     * Refuses an example that was handled as accepted: one that waited for its minibatch to fill. If that was in an earlier batch, the listener
     * of the latest example hears of it, for the one that handed it in may be gone.
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

    /** Reports to each listener its own examples, in order. */
    private void report(HeadVersion published) {
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
            listener.handled(to - from, refusals, published);
            from = to;
        }
    }

    private record Handled(long sequence, @Nullable Refused why, TrainingListener listener) {}
}
