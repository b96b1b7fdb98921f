package dev.reservoir.server.engine;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.train.FptLearner;
import dev.reservoir.server.registry.LiveHead;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The turn of a head that learns through the substrate: it stops wherever an update is due. */
final class FptSlice extends HeadSlice {
    private static final Logger LOG = LoggerFactory.getLogger(FptSlice.class);

    private final FptLearner learner;
    private final List<TrainingTask> tasks;
    private final Map<TrainingTask.Example, FeatureExtractor.Outcome> outcomes;
    private int next;

    /** @param outcomes what reading gave, of examples whose features are wanted */
    FptSlice(
            LiveHead head,
            FptLearner learner,
            List<TrainingTask> tasks,
            Map<TrainingTask.Example, FeatureExtractor.Outcome> outcomes) {
        super(head, learner);
        this.outcomes = outcomes;
        this.learner = learner;
        this.tasks = tasks;
    }

    FptLearner learner() {
        return learner;
    }

    /** Does what comes next until an update is due. Returns whether one is; otherwise nothing is left. */
    boolean advance() {
        while (!learner.updateDue() && next < tasks.size()) {
            TrainingTask task = tasks.get(next++);
            if (task instanceof TrainingTask.Example example) {
                example(example);
            } else {
                other(task);
            }
        }
        return learner.updateDue();
    }

    /** Refuses the examples whose update could not be made; they were handled as accepted. */
    void abort(FptLearner.Aborted aborted) {
        if (aborted.cause() != null) {
            LOG.error(
                    "Head {}: an update could not be made, {} examples are refused",
                    head().name(),
                    aborted.sequences().size(),
                    aborted.cause());
        }
        for (long sequence : aborted.sequences()) {
            refuseAccepted(sequence, aborted.why());
        }
    }

    private void example(TrainingTask.Example example) {
        if (head().deleted()) {
            example.listener().deleted();
            return;
        }
        handle(example.sequence(), take(example), example.listener());
    }

    private @Nullable Refused take(TrainingTask.Example example) {
        FeatureExtractor.Outcome outcome = outcomes.get(example);
        if (outcome != null && outcome.refused() != null) {
            learner.countRefused();
            return outcome.refused();
        }
        try {
            return learner.accept(
                    example.sequence(),
                    example.reading().observation(),
                    example.target(),
                    outcome == null ? null : outcome.features());
        } catch (RuntimeException e) {
            LOG.error("Head {} could not take an example", head().name(), e);
            learner.countRefused();
            return new Refused(Reason.INTERNAL, "example: the head could not learn it");
        }
    }

    /** Nothing is gathered: examples are taken one by one. */
    @Override
    void settle() {}
}
