package dev.reservoir.server.engine;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs serving batches: reads its observations in one pass, hands each its features. */
final class ServingStep {
    private static final Logger LOG = LoggerFactory.getLogger(ServingStep.class);

    private final FeatureExtractor reader;

    ServingStep(FeatureExtractor reader) {
        this.reader = reader;
    }

    void run(List<ServingTask> tasks) {
        List<FeatureRequest> readings = tasks.stream().map(ServingTask::reading).toList();
        List<FeatureExtractor.Outcome> outcomes;
        try {
            outcomes = reader.read(readings);
        } catch (RuntimeException e) {
            LOG.error("A serving batch of {} observations could not be read", readings.size(), e);
            Refused failed = new Refused(Reason.INTERNAL, "observation: could not be read by the substrate");
            tasks.forEach(task -> task.completion().refused(failed));
            return;
        }
        for (int i = 0; i < tasks.size(); i++) {
            answer(tasks.get(i), outcomes.get(i));
        }
    }

    private static void answer(ServingTask task, FeatureExtractor.Outcome outcome) {
        try {
            if (outcome.features() != null) {
                task.completion().completed(outcome.features());
            } else if (outcome.refused() != null) {
                task.completion().refused(outcome.refused());
            }
        } catch (RuntimeException e) {
            LOG.error("An answer could not be handed over; the others of its batch go on", e);
        }
    }
}
