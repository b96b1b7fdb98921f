package dev.reservoir.server.engine;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SubstrateLearner;
import dev.reservoir.heads.train.FusedStep;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.Decision;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs training batches. Readouts: all examples are read in one pass, then each head learns its own. Heads that learn through the substrate:
 * each takes examples until an update is due, all that are due are made in passes that they share, and so on until nothing is left.
 */
final class TrainingStep {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingStep.class);

    private final Reader reader;
    private final FusedStep fused;

    TrainingStep(Reader reader, FusedStep fused) {
        this.reader = reader;
        this.fused = fused;
    }

    void run(List<Decision.Slice<TrainingTask>> slices) {
        List<Decision.Slice<TrainingTask>> readouts = new ArrayList<>();
        List<SubstrateTurn> through = new ArrayList<>();
        for (Decision.Slice<TrainingTask> slice : slices) {
            LiveHead head = (LiveHead) slice.flow();
            if (head.learner() instanceof SubstrateLearner learner) {
                through.add(new SubstrateTurn(head, learner, slice.items()));
            } else {
                readouts.add(slice);
            }
        }
        if (!readouts.isEmpty()) {
            runReadouts(readouts);
        }
        if (!through.isEmpty()) {
            runThrough(through);
        }
    }

    private void runReadouts(List<Decision.Slice<TrainingTask>> slices) {
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
            LiveHead head = (LiveHead) slice.flow();
            ReadoutTurn turn = new ReadoutTurn(head, (FeatureLearner) head.learner());
            for (TrainingTask task : slice.items()) {
                if (task instanceof TrainingTask.Example example) {
                    boolean read = next < readings.size() && readings.get(next) == example.reading();
                    turn.example(example, read ? outcomes.get(next++) : null);
                } else {
                    turn.other(task);
                }
            }
            end(head, turn::end);
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

    private void runThrough(List<SubstrateTurn> turns) {
        List<SubstrateLearner> due = new ArrayList<>();
        do {
            due.clear();
            for (SubstrateTurn turn : turns) {
                if (turn.advance()) {
                    due.add(turn.learner());
                }
            }
            if (!due.isEmpty()) {
                try {
                    fused.run(due);
                } catch (RuntimeException e) {
                    LOG.error(
                            "An update of {} heads could not be made; their minibatches are not learned",
                            due.size(),
                            e);
                }
            }
        } while (!due.isEmpty());
        for (SubstrateTurn turn : turns) {
            end(turn.head(), turn::end);
        }
    }

    private static void end(LiveHead head, Runnable turn) {
        try {
            turn.run();
        } catch (RuntimeException e) {
            LOG.error("Head {} could not be published; the others of its batch go on", head.name(), e);
        }
    }
}
