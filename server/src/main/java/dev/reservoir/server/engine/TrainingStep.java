package dev.reservoir.server.engine;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.train.FptLearner;
import dev.reservoir.heads.train.FusedStep;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.Decision;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs training batches. Readouts: all examples are read in one pass, then each head learns its own. Heads that learn through the substrate:
 * each takes examples until an update is due, all that are due are made in passes that they share, and so on until nothing is left.
 */
final class TrainingStep {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingStep.class);

    private final FeatureExtractor reader;
    private final Substrate substrate;
    private final Runnable pause;

    /** @param pause called between heads, for what is more urgent */
    TrainingStep(FeatureExtractor reader, Substrate substrate, Runnable pause) {
        this.reader = reader;
        this.substrate = substrate;
        this.pause = pause;
    }

    /**
     * Runs a batch.
     *
     * @return tokens worth of work that was done: of a head that learns through the substrate that of the updates made, not of the examples taken
     */
    long run(List<Decision.Slice<TrainingTask>> slices) {
        Map<TrainingTask.Example, FeatureExtractor.Outcome> outcomes = read(slices);
        long tokens = 0;
        List<FptSlice> through = new ArrayList<>();
        for (Decision.Slice<TrainingTask> slice : slices) {
            LiveHead head = (LiveHead) slice.flow();
            if (head.learner() instanceof FptLearner learner) {
                through.add(new FptSlice(head, learner, slice.items(), outcomes));
            } else {
                ReadoutSlice turn = new ReadoutSlice(head, (FeatureLearner) head.learner());
                for (TrainingTask task : slice.items()) {
                    tokens += task.tokens();
                    if (task instanceof TrainingTask.Example example) {
                        turn.example(example, outcomes.get(example));
                    } else {
                        turn.other(task);
                    }
                }
                end(head, turn::end);
                pause.run();
            }
        }
        for (TrainingTask.Example example : outcomes.keySet()) {
            if (example.head().learner() instanceof FptLearner) {
                tokens += example.reading().tokens();
            }
        }
        return through.isEmpty() ? tokens : tokens + runThrough(through);
    }

    /** Reads the features of all examples that are learned from features, in one pass. */
    private Map<TrainingTask.Example, FeatureExtractor.Outcome> read(List<Decision.Slice<TrainingTask>> slices) {
        List<TrainingTask.Example> examples = new ArrayList<>();
        for (Decision.Slice<TrainingTask> slice : slices) {
            for (TrainingTask task : slice.items()) {
                if (task instanceof TrainingTask.Example example
                        && !task.head().deleted()
                        && TrainingTask.readsFeatures(task.head())) {
                    examples.add(example);
                }
            }
        }
        Map<TrainingTask.Example, FeatureExtractor.Outcome> outcomes = new IdentityHashMap<>();
        if (!examples.isEmpty()) {
            List<FeatureExtractor.Outcome> read =
                    readAll(examples.stream().map(TrainingTask.Example::reading).toList());
            for (int i = 0; i < read.size(); i++) {
                outcomes.put(examples.get(i), read.get(i));
            }
        }
        return outcomes;
    }

    private List<FeatureExtractor.Outcome> readAll(List<FeatureRequest> readings) {
        try {
            return reader.read(readings);
        } catch (RuntimeException e) {
            LOG.error("A training batch of {} examples could not be read", readings.size(), e);
            FeatureExtractor.Outcome failed = new FeatureExtractor.Outcome(
                    null, new Refused(Reason.INTERNAL, "example: could not be read by the substrate"));
            return readings.stream().map(unused -> failed).toList();
        }
    }

    private long runThrough(List<FptSlice> turns) {
        double tokens = 0;
        List<FptSlice> due = new ArrayList<>();
        do {
            due.clear();
            for (FptSlice turn : turns) {
                if (turn.advance()) {
                    due.add(turn);
                }
            }
            if (!due.isEmpty()) {
                tokens += update(due);
            }
        } while (!due.isEmpty());
        for (FptSlice turn : turns) {
            end(turn.head(), turn::end);
        }
        return (long) tokens;
    }

    /** Makes one update of each head. Returns the tokens that passed the substrate. */
    private double update(List<FptSlice> due) {
        FusedStep.Outcome outcome = new FusedStep(substrate.tunable())
                .run(due.stream().map(FptSlice::learner).toList());
        for (FptLearner.Aborted aborted : outcome.aborted()) {
            for (FptSlice slice : due) {
                if (slice.learner() == aborted.learner()) {
                    slice.abort(aborted);
                }
            }
        }
        return outcome.tokens();
    }

    private static void end(LiveHead head, Runnable turn) {
        try {
            turn.run();
        } catch (RuntimeException e) {
            LOG.error("Head {} could not be published; the others of its batch go on", head.name(), e);
        }
    }
}
