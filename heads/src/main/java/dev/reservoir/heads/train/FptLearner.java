// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerMemory;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SpecChange;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.codec.StoredSpec;
import dev.reservoir.heads.state.SharedPartWriter;
import dev.reservoir.heads.state.StateFormat;
import dev.reservoir.heads.task.Answers;
import dev.reservoir.heads.task.LabelSpace;
import dev.reservoir.heads.task.PrequentialMetrics;
import dev.reservoir.heads.task.Targets;
import dev.reservoir.heads.task.Truth;
import dev.reservoir.state.v1.Fpt;
import dev.reservoir.state.v1.Learner;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The learner of an FPT head (Lu et al. 2021, arXiv 2103.05247). A full minibatch, or a shorter one that {@link #flush}
 * ends, makes {@code updatesPerExample} updates due: the first on its own examples, which predicts each before anything
 * is learned from it, the others on replayed ones; {@link MinibatchCycle} draws the states. What it learns is a
 * function of the specification, its seed among it, and the ordered examples and flushes.
 *
 * <p>A failed learner refuses every example and keeps its last sound snapshot. {@link FusedStep} makes updates;
 * whatever happens in it, each update that was begun is finished or aborted. Not thread-safe.
 */
public final class FptLearner implements HeadLearner {
    private final FptModel model;
    private final TrainableParameters parameters;
    private Targets targets;
    private final MinibatchCycle cycle;
    private ReplaySample<MinibatchExample> replay;
    private final LearnerMemory memory;
    private final @Nullable FrozenBaseline baseline;
    private HeadSpec spec;
    private LearningSpec.Fpt learning;
    private PrequentialMetrics metrics;

    /** Outputs before the update that was begun. */
    private int outputsBefore;

    private long examples;
    private long refused;
    private @Nullable String failure;
    private @Nullable HeadSnapshot snapshot;

    /**
     * @param start its initial inner parameters
     * @param memory reserved for it, and closed with it
     */
    FptLearner(
            HeadSpec spec,
            FptModel model,
            FptParameters start,
            LearnerMemory memory,
            @Nullable FrozenBaseline baseline) {
        this.spec = spec;
        this.learning = (LearningSpec.Fpt) spec.learning();
        this.model = model;
        this.memory = memory;
        this.baseline = baseline;
        this.parameters =
                new TrainableParameters(start, learning, model.pooling().featureWidth());
        this.targets = new Targets(spec.task());
        this.cycle = new MinibatchCycle(spec.name(), learning.minibatch(), learning.updatesPerExample());
        this.replay = new ReplaySample<>(learning.replayCapacity(), spec.seed(), MinibatchExample::bytes);
        this.metrics = new PrequentialMetrics(learning.metricWindow(), targets.labels() != null);
        parameters.grow(targets.outputs());
    }

    /**
     * Adds an example to the minibatch that is being gathered. It is learned, and counted in the metrics, once that is
     * full or flushed.
     *
     * @param sequence its number in the head's log, by which it is named if its update is aborted
     * @param features of the observation, by {@link HeadSnapshot#exampleEncoder}; null if that is null
     * @return null if it was added, else why it was refused; a refused example changes nothing but the refusal count
     * @throws IllegalStateException while an update is due
     */
    public @Nullable Refused accept(
            long sequence, AdmittedObservation observation, Target target, @Nullable Features features) {
        if (failure != null) {
            refused++;
            return failed();
        }
        cycle.checkGathering();
        if (baseline != null && features == null) {
            throw new IllegalArgumentException("features: none (expected: the frozen encoder's)");
        }
        MinibatchExample example;
        int known = targets.outputs();
        try {
            example = decode(sequence, observation, target);
            reserve(known, spec, example.bytes());
        } catch (Refused wrong) {
            refused++;
            return wrong;
        }
        cycle.gather(example);
        if (baseline != null && features != null) {
            baseline.gather(features, target);
        }
        return null;
    }

    /**
     * Reserves memory for the outputs and {@code moreBytes} of examples, and forgets outputs from {@code known} on if
     * there is none.
     *
     * @throws Refused MEMORY_LIMIT
     */
    private void reserve(int known, HeadSpec wanted, long moreBytes) {
        try {
            memory.resize(wanted, targets.outputs(), cycle.bytes() + replay.bytes() + moreBytes);
        } catch (Refused refused) {
            LabelSpace labels = targets.labels();
            if (labels != null) {
                labels.truncate(known);
            }
            throw refused;
        }
    }

    private Refused failed() {
        return new Refused(Reason.HEAD_FAILED, spec.name() + ": " + failure);
    }

    private MinibatchExample decode(long sequence, AdmittedObservation observation, Target target) {
        ObservationRows rows = observation.rows();
        for (int i = 0; i < rows.values().length; i++) {
            if (!Float.isFinite(rows.values()[i])) {
                throw new Refused(
                        Reason.INVALID_OBSERVATION,
                        "observation: " + rows.values()[i] + " at number " + i + " (expected: a finite number)");
            }
        }
        int tokens = rows.tokenIds() == null ? rows.rows() : rows.tokenIds().tokens();
        return new MinibatchExample(sequence, rows, targets.truths(target, tokens, rows.scale()));
    }

    /** {@inheritDoc} Updates are due then. */
    @Override
    public void flush() {
        if (failure == null) {
            cycle.end();
        }
    }

    /** Whether an update is due or under way. Examples and flushes are accepted again once there is none. */
    public boolean updateDue() {
        return cycle.updateDue();
    }

    /** Begins the update that is due. If this throws, the update has begun all the same and must be aborted. */
    FptUpdate begin() {
        cycle.begin();
        outputsBefore = parameters.outputs();
        List<MinibatchExample> minibatch = cycle.minibatch();
        List<MinibatchExample> drawn = cycle.onFresh() ? minibatch : replay.draw(minibatch.size());
        for (MinibatchExample example : drawn) {
            for (Truth truth : example.truths()) {
                parameters.grow(truth.outputs());
            }
        }
        return new FptUpdate(model, learning.labelSmoothing(), parameters, drawn);
    }

    /**
     * Makes the step of an update whose portions were all passed.
     *
     * @return examples that were refused, because the head met a number that is not finite and has failed; null if the
     *     step was made
     */
    @Nullable
    Aborted finish(FptUpdate update) {
        cycle.checkUpdating();
        String problem = update.failure();
        if (problem == null && update.rows() > 0 && !parameters.step(update.gradient(), learning)) {
            problem = "the gradient is not finite or too large";
        }
        if (problem != null) {
            failure = "stopped learning: " + problem;
            forgetUpdate();
            return aborted(cycle.stop(), failed(), null);
        }
        if (cycle.onFresh()) {
            examples += cycle.minibatch().size();
            cycle.minibatch().forEach(replay::see);
            update.tallies().forEach(metrics::add);
            if (baseline != null) {
                baseline.learn(metrics, update.tallies());
            }
        }
        cycle.finish();
        snapshot = null;
        return null;
    }

    /**
     * Gives up the updates that are due. The served snapshot is unchanged; labels that only these examples had are
     * forgotten.
     *
     * @return the examples that are not learned: all of the minibatch, or none if its own update was made before
     */
    Aborted abort(Refused why, @Nullable Throwable cause) {
        cycle.checkUpdating();
        forgetUpdate();
        return aborted(cycle.abort(), why, cause);
    }

    private Aborted aborted(List<Long> sequences, Refused why, @Nullable Throwable cause) {
        refused += sequences.size();
        return new Aborted(this, sequences, why, cause);
    }

    /** Forgets the baseline's part of the minibatch, and the outputs and labels that are new in it. */
    private void forgetUpdate() {
        if (baseline != null) {
            baseline.forget();
        }
        parameters.shrink(outputsBefore);
        LabelSpace labels = targets.labels();
        if (labels != null) {
            labels.truncate(outputsBefore);
        }
        snapshot = null;
    }

    /**
     * An update that was not made.
     *
     * @param sequences the examples that are refused for it, in order; none if their own update had been made and a
     *     replayed one was not
     * @param why what to answer for each of them
     * @param cause what was thrown, or null if the head met a number that is not finite and has failed
     */
    public record Aborted(
            FptLearner learner,
            List<Long> sequences,
            Refused why,
            @Nullable Throwable cause) {}

    /**
     * Goes on from a stored state; nothing was learned before. If this fails, the learner must not be used.
     *
     * @throws UnusableState DAMAGED, MISSING_PART or UNKNOWN_VERSION
     * @throws Refused MEMORY_LIMIT
     */
    void restore(StoredFpt stored) {
        Fpt state = stored.fpt();
        targets = Targets.restore(spec.task(), state.getLabelsList());
        memory.resize(spec, targets.outputs(), 0);
        metrics = PrequentialMetrics.restore(learning.metricWindow(), targets.labels() != null, state.getMetrics());
        examples = state.getExamples();
        refused = state.getRefused();
        UnusableState.check(
                examples >= 0 && refused >= 0, "examples", examples + ", " + refused + " refused", "at least 0");
        failure = state.hasFailure() ? state.getFailure() : null;
        parameters.restore(state, targets.outputs());
        StoredExamples reader = new StoredExamples(spec, model, targets.outputs());
        cycle.restore(reader.unpack(state.getMinibatchList()), state.getUpdatesDue(), failure != null);
        replay = StoredReplay.restore(state.getReplay(), spec, reader, stored.parts());
        memory.resize(spec, targets.outputs(), cycle.bytes() + replay.bytes());
        if (baseline != null) {
            baseline.restore(state.getBaseline(), learning.minibatch());
        }
    }

    @Override
    public LearnerState state(Predicate<String> stored) {
        cycle.checkNotUpdating();
        SharedPartWriter parts = new SharedPartWriter(stored);
        Fpt.Builder state = Fpt.newBuilder()
                .setFeatureWidth(parameters.features())
                .setExamples(examples)
                .setRefused(refused)
                .setMetrics(metrics.state())
                .addAllMinibatch(StoredExamples.pack(cycle.examples()))
                .setUpdatesDue(cycle.updatesDue())
                .setReplay(StoredReplay.save(replay, parts));
        if (failure != null) {
            state.setFailure(failure);
        }
        LabelSpace labels = targets.labels();
        if (labels != null) {
            state.addAllLabels(labels.list());
        }
        parameters.save(state);
        if (baseline != null) {
            state.setBaseline(baseline.state(stored, parts));
        }
        Learner head = Learner.newBuilder()
                .setSpec(StoredSpec.encode(spec))
                .setSubstrateDigest(model.substrate().info().digest())
                .setFpt(state)
                .build();
        return new LearnerState(StateFormat.seal(head), parts.parts());
    }

    @Override
    public void countRefused() {
        refused++;
    }

    @Override
    public HeadSnapshot snapshot() {
        if (baseline != null && baseline.leads()) {
            return baseline.snapshot();
        }
        HeadSnapshot current = snapshot;
        if (current == null) {
            LabelSpace labels = targets.labels();
            // Labels of examples that are being gathered have no output yet.
            List<String> known = labels == null ? List.of() : labels.list().subList(0, parameters.outputs());
            current = new FptSnapshot(
                    new Answers(spec.task(), List.copyOf(known), model.loss()),
                    parameters.readout(),
                    parameters.features(),
                    new FptEncoder(model, parameters.inner()),
                    baseline == null ? null : baseline.encoder());
            snapshot = current;
        }
        return current;
    }

    /**
     * {@inheritDoc} Scores are those of the answers that were served: with a baseline, of whichever of the two led when
     * the example arrived.
     */
    @Override
    public HeadMetrics metrics() {
        PrequentialMetrics served = baseline == null ? metrics : baseline.served();
        return new HeadMetrics(examples, parameters.steps(), refused, served.windowed(), served.total());
    }

    @Override
    public @Nullable String failure() {
        return failure;
    }

    @Override
    public void update(HeadSpec changed) {
        SpecChange.check(spec, changed);
        LabelSpace labels = targets.labels();
        int known = targets.outputs();
        if (labels != null && changed.task() instanceof Task.Labelled task) {
            labels.addAll(task.labels());
        }
        reserve(known, changed, 0);
        if (labels != null) {
            parameters.grow(targets.outputs());
            snapshot = null;
        }
        if (changed.learning().metricWindow() != metrics.window()) {
            metrics = metrics.withWindow(changed.learning().metricWindow());
        }
        if (baseline != null) {
            baseline.update(changed);
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
        long own = parameters.bytes() + metrics.bytes() + cycle.bytes() + replay.bytes();
        return baseline == null ? own : own + baseline.residentBytes();
    }

    @Override
    public long trainableParameters() {
        return parameters.count() + (baseline == null ? 0 : baseline.trainableParameters());
    }

    @Override
    public void close() {
        if (baseline != null) {
            baseline.close();
        }
        memory.close();
    }

    TrainableParameters parameters() {
        return parameters;
    }

    FptModel model() {
        return model;
    }
}
