package dev.reservoir.server.engine;

import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.registry.Published;
import dev.reservoir.server.schedule.Decision;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs training batches: reads all their examples in one pass, then steps each head with its own. */
final class TrainingStep {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingStep.class);

    private final Reader reader;

    TrainingStep(Reader reader) {
        this.reader = reader;
    }

    void run(List<Decision.Slice<TrainingTask>> slices) {
        List<Reading> readings = new ArrayList<>();
        for (Decision.Slice<TrainingTask> slice : slices) {
            for (TrainingTask task : slice.items()) {
                if (task instanceof TrainingTask.Example example && !task.head().deleted()) {
                    readings.add(example.reading());
                }
            }
        }
        List<Reader.Outcome> outcomes = readAll(readings);
        int next = 0;
        for (Decision.Slice<TrainingTask> slice : slices) {
            Turn turn = new Turn((LiveHead) slice.flow());
            for (TrainingTask task : slice.items()) {
                if (task instanceof TrainingTask.Example example) {
                    boolean read = next < readings.size() && readings.get(next) == example.reading();
                    turn.example(example, read ? outcomes.get(next++) : null);
                } else if (task instanceof TrainingTask.Refusal refusal) {
                    turn.refusal(refusal);
                } else if (task instanceof TrainingTask.Update update) {
                    turn.update(update);
                }
            }
            try {
                turn.end();
            } catch (RuntimeException e) {
                LOG.error("Head {} could not be published; the others of its batch go on", turn.head.name(), e);
            }
        }
    }

    private List<Reader.Outcome> readAll(List<Reading> readings) {
        try {
            return reader.read(readings);
        } catch (RuntimeException e) {
            LOG.error("A training batch of {} examples could not be read", readings.size(), e);
            Reader.Outcome failed = new Reader.Outcome(
                    null, new Refused(Reason.INTERNAL, "example: could not be read by the substrate"));
            return readings.stream().map(unused -> failed).toList();
        }
    }

    /** One head's part of a batch. Nobody else touches its learner meanwhile. */
    private static final class Turn {
        private final LiveHead head;
        private final HeadLearner learner;
        private final List<HeadLearner.Item> items = new ArrayList<>();
        private final List<TrainingTask.Example> learning = new ArrayList<>();
        private final List<Handled> handled = new ArrayList<>();
        private long appliedThrough;

        Turn(LiveHead head) {
            this.head = head;
            this.learner = head.learner();
            this.appliedThrough = head.published().appliedThrough();
        }

        void example(TrainingTask.Example example, Reader.@Nullable Outcome outcome) {
            if (head.deleted()) {
                example.listener().deleted();
            } else if (outcome != null && outcome.features() != null) {
                items.add(new HeadLearner.Item(outcome.features(), example.target()));
                learning.add(example);
            } else {
                Refused why = outcome == null ? null : outcome.refused();
                learn();
                learner.countRefused();
                handle(example.sequence(), why == null ? HeadRegistry.notFound(head.name()) : why, example.listener());
            }
        }

        void refusal(TrainingTask.Refusal refusal) {
            if (head.deleted()) {
                refusal.listener().deleted();
                return;
            }
            learn();
            learner.countRefused();
            handle(refusal.sequence(), refusal.why(), refusal.listener());
        }

        void update(TrainingTask.Update update) {
            if (head.deleted()) {
                update.completion().refused(HeadRegistry.notFound(head.name()));
                return;
            }
            learn();
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

        void end() {
            if (head.deleted()) {
                return;
            }
            learn();
            if (!handled.isEmpty()) {
                tell(head.publish(appliedThrough));
            }
        }

        private void learn() {
            if (items.isEmpty()) {
                return;
            }
            List<@Nullable Refused> refusals;
            try {
                refusals = learner.learn(items);
            } catch (RuntimeException e) {
                LOG.error("Head {} could not learn {} examples", head.name(), items.size(), e);
                Refused failed = new Refused(Reason.INTERNAL, "example: the head could not learn it");
                refusals = new ArrayList<>();
                for (int i = 0; i < items.size(); i++) {
                    refusals.add(failed);
                }
            }
            for (int i = 0; i < learning.size(); i++) {
                TrainingTask.Example example = learning.get(i);
                handle(example.sequence(), refusals.get(i), example.listener());
            }
            items.clear();
            learning.clear();
        }

        private void handle(long sequence, @Nullable Refused why, TrainingListener listener) {
            handled.add(new Handled(sequence, why, listener));
            appliedThrough = sequence;
        }

        /** Tells each listener of its own, in order. */
        private void tell(Published published) {
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
                listener.handled(to - from, refusals, published);
                from = to;
            }
        }
    }

    private record Handled(long sequence, @Nullable Refused why, TrainingListener listener) {}
}
