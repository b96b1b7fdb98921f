package dev.reservoir.heads.train;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SubstrateLearner;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.task.Answers;
import dev.reservoir.heads.task.Changes;
import dev.reservoir.heads.task.LabelSpace;
import dev.reservoir.heads.task.PrequentialMetrics;
import dev.reservoir.heads.task.Targets;
import dev.reservoir.heads.task.Truth;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An FPT head's learner (Lu et al. 2021, arXiv 2103.05247). A full minibatch makes {@code updatesPerExample} updates due: the first on its
 * own examples, which predicts each before anything is learned from it, the others on replayed ones. What it learns is a function of the
 * specification, its seed among it, and the ordered examples.
 */
final class FptLearner implements SubstrateLearner {
    private final ObservationReader reader;
    private final TunableSubstrate substrate;
    private final TokenPooling pooling;
    private final TrainableParameters parameters;
    private final Targets targets;
    private final Loss loss;
    private final ReplaySample<Example> replay;
    private HeadSpec spec;
    private LearningSpec.Fpt learning;
    private PrequentialMetrics metrics;
    private List<Example> waiting = new ArrayList<>();
    private List<Example> fresh = List.of();
    private int updatesDue;
    /** Outputs before the update under way. */
    private int outputsBefore;

    private long examples;
    private long refused;
    private @Nullable String failure;
    private @Nullable HeadSnapshot snapshot;

    /** @param start where its parts begin */
    FptLearner(
            HeadSpec spec,
            ObservationReader reader,
            TunableSubstrate substrate,
            TokenPooling pooling,
            FptParameters start) {
        this.spec = spec;
        this.learning = (LearningSpec.Fpt) spec.learning();
        this.reader = reader;
        this.substrate = substrate;
        this.pooling = pooling;
        this.parameters = new TrainableParameters(start, learning, pooling.featureWidth());
        this.targets = new Targets(spec.task());
        this.loss = Loss.of(spec.task());
        this.replay = new ReplaySample<>(learning.replayCapacity(), spec.seed());
        this.metrics = new PrequentialMetrics(learning.metricWindow(), targets.labels() != null);
        parameters.grow(targets.outputs());
    }

    @Override
    public boolean wantsFeatures() {
        return false;
    }

    @Override
    public @Nullable Refused take(AdmittedObservation observation, Target target, @Nullable Features features) {
        if (due()) {
            throw new IllegalStateException(spec.name() + ": an update is due (expected: none)");
        }
        if (failure != null) {
            refused++;
            return new Refused(Reason.HEAD_FAILED, spec.name() + ": " + failure);
        }
        try {
            waiting.add(read(observation, target));
        } catch (Refused wrong) {
            refused++;
            return wrong;
        }
        if (waiting.size() == learning.minibatch()) {
            fresh = waiting;
            waiting = new ArrayList<>();
            updatesDue = learning.updatesPerExample();
        }
        return null;
    }

    private Example read(AdmittedObservation observation, Target target) {
        ObservationRows rows = reader.read(observation);
        for (int i = 0; i < rows.values().length; i++) {
            if (!Float.isFinite(rows.values()[i])) {
                throw new Refused(
                        Reason.INVALID_OBSERVATION,
                        "observation: " + rows.values()[i] + " at number " + i + " (expected: a finite number)");
            }
        }
        int tokens = rows.tokenIds() == null ? rows.rows() : rows.tokenIds().tokens();
        return new Example(rows, targets.truths(target, tokens, rows.scale()));
    }

    @Override
    public boolean due() {
        return updatesDue > 0;
    }

    @Override
    public Update begin() {
        if (!due()) {
            throw new IllegalStateException(spec.name() + ": no update is due (expected: one)");
        }
        boolean first = updatesDue == learning.updatesPerExample();
        outputsBefore = parameters.outputs();
        List<Example> minibatch = first ? fresh : replay.draw(learning.minibatch());
        if (first) {
            for (Example example : minibatch) {
                for (Truth truth : example.truths()) {
                    parameters.grow(truth.outputs());
                }
            }
        }
        return new FptUpdate(this, minibatch, first);
    }

    TrainableParameters parameters() {
        return parameters;
    }

    TokenPooling pooling() {
        return pooling;
    }

    TunableSubstrate substrate() {
        return substrate;
    }

    LearningSpec.Fpt learning() {
        return learning;
    }

    Loss loss() {
        return loss;
    }

    Task task() {
        return spec.task();
    }

    /** A fresh example was scored. */
    void scored(PrequentialMetrics.Tally tally) {
        metrics.add(tally);
    }

    /** An update has ended well. */
    void updated(boolean first) {
        snapshot = null;
        updatesDue--;
        if (first) {
            examples += fresh.size();
            fresh.forEach(replay::see);
        }
        if (updatesDue == 0) {
            fresh = List.of();
        }
    }

    /** An update could not be made; what is served stays. */
    void abort(boolean first, @Nullable String why) {
        if (why != null) {
            failure = "stopped learning: " + why;
        }
        if (first) {
            refused += fresh.size();
        }
        fresh = List.of();
        updatesDue = 0;
        LabelSpace labels = targets.labels();
        if (labels != null) {
            // What only these examples had: nobody waits while an update is made.
            parameters.shrink(outputsBefore);
            labels.truncate(outputsBefore);
            snapshot = null;
        }
    }

    @Override
    public void countRefused() {
        refused++;
    }

    @Override
    public HeadSnapshot snapshot() {
        HeadSnapshot current = snapshot;
        if (current == null) {
            LabelSpace labels = targets.labels();
            // Labels of examples that wait have no output yet.
            List<String> known = labels == null ? List.of() : labels.list().subList(0, parameters.outputs());
            current = new FptSnapshot(
                    new Answers(spec.task(), List.copyOf(known), loss),
                    parameters.readout(),
                    parameters.features(),
                    new FptEncoder(reader, substrate, pooling, parameters.inside()));
            snapshot = current;
        }
        return current;
    }

    @Override
    public HeadMetrics metrics() {
        return new HeadMetrics(examples, parameters.steps(), refused, metrics.windowed(), metrics.total());
    }

    @Override
    public @Nullable String failure() {
        return failure;
    }

    @Override
    public void update(HeadSpec changed) {
        Changes.check(spec, changed);
        LabelSpace labels = targets.labels();
        if (labels != null && changed.task() instanceof Task.Labelled task) {
            labels.addAll(task.labels());
            parameters.grow(targets.outputs());
            snapshot = null;
        }
        if (changed.learning().metricWindow() != metrics.window()) {
            metrics = metrics.withWindow(changed.learning().metricWindow());
        }
        learning = (LearningSpec.Fpt) changed.learning();
        spec = changed;
    }

    @Override
    public HeadSpec spec() {
        return spec;
    }

    @Override
    public long residentBytes() {
        long bytes = parameters.bytes() + metrics.bytes();
        for (List<Example> list : List.of(waiting, fresh, replay.held())) {
            for (Example example : list) {
                bytes += example.bytes();
            }
        }
        return bytes;
    }

    @Override
    public long trainableParameters() {
        return parameters.count();
    }

    /** Nothing native is held. */
    @Override
    public void close() {}
}
