package dev.reservoir.server.engine;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs serving batches: drops what nobody waits for, reads the rest in one pass, hands each its features. */
final class ServingStep {
    private static final Logger LOG = LoggerFactory.getLogger(ServingStep.class);

    private final FeatureExtractor reader;
    private final LongSupplier clock;

    ServingStep(FeatureExtractor reader, LongSupplier clock) {
        this.reader = reader;
        this.clock = clock;
    }

    void run(List<ServingTask> tasks) {
        long now = clock.getAsLong();
        List<ServingTask> wanted = new ArrayList<>(tasks.size());
        List<FeatureRequest> readings = new ArrayList<>(tasks.size());
        for (ServingTask task : tasks) {
            Refused abandoned = task.abandoned(now);
            if (abandoned != null) {
                task.completion().refused(abandoned);
            } else {
                wanted.add(task);
                readings.add(task.reading());
            }
        }
        List<FeatureExtractor.Outcome> outcomes;
        try {
            outcomes = reader.read(readings);
        } catch (RuntimeException e) {
            LOG.error("A serving batch of {} observations could not be read", readings.size(), e);
            Refused failed = new Refused(Reason.INTERNAL, "observation: could not be read by the substrate");
            wanted.forEach(task -> task.completion().refused(failed));
            return;
        }
        for (int i = 0; i < wanted.size(); i++) {
            answer(wanted.get(i), outcomes.get(i));
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
