// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import com.google.protobuf.UnsafeByteOperations;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadMetrics.Score;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Fpt.Companion;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.codec.StoredTarget;
import dev.reservoir.heads.state.Packed;
import dev.reservoir.heads.state.SharedPartWriter;
import dev.reservoir.heads.task.PrequentialMetrics;
import dev.reservoir.heads.task.PrequentialMetrics.Tally;
import dev.reservoir.state.v1.Baseline;
import dev.reservoir.state.v1.BaselineItem;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The frozen baseline of an FPT head, its companion in the contract: a least-squares readout on the frozen substrate
 * that learns from the same minibatches. The better of the two is served, as decided after each minibatch by their
 * prequential scores over the metric window: a young head answers as its own frozen version does, which needs fewer
 * examples, until it is better.
 *
 * <p>The scores that the head reports are those of the answers that were served: each example's score is that of
 * whichever led when the example arrived. Scores never change afterwards, whichever leads next. Not thread-safe.
 */
final class FrozenBaseline {
    private static final Logger LOG = LoggerFactory.getLogger(FrozenBaseline.class);

    private final FeatureLearner readout;
    private final ObservationEncoder encoder;
    private final List<FeatureLearner.Item> gathered = new ArrayList<>();
    /** How the examples of the minibatch that is being learned were predicted. */
    private final List<Tally> tallies = new ArrayList<>();

    private PrequentialMetrics served;
    private boolean leads = true;
    /** Set after a defect: its state is unknown, so it is never served again. */
    private boolean lost;

    FrozenBaseline(HeadSpec headSpec, FptLearners.ReadoutFactory readouts) {
        HeadSpec spec = specOf(headSpec);
        this.readout = readouts.create(spec, tallies::add);
        this.encoder = readout.snapshot().encoder();
        this.served =
                new PrequentialMetrics(headSpec.learning().metricWindow(), headSpec.task() instanceof Task.Labelled);
    }

    /** The specification of the readout. */
    private static HeadSpec specOf(HeadSpec head) {
        Companion companion = ((LearningSpec.Fpt) head.learning()).companion();
        if (companion == null) {
            throw new IllegalArgumentException(head.name() + ": no companion (expected: one)");
        }
        LearningSpec.RecursiveLeastSquares squares = companion.learning();
        return new HeadSpec(
                head.name(),
                head.modality(),
                head.task(),
                companion.encoder(),
                new LearningSpec.RecursiveLeastSquares(
                        squares.ridge(), squares.forgetting(), head.learning().metricWindow()),
                head.seed());
    }

    /**
     * Goes on from a stored state, as its readout does.
     *
     * @param most examples of a minibatch
     * @throws UnusableState DAMAGED
     */
    void restore(Baseline state, int most) {
        PrequentialMetrics stored = PrequentialMetrics.restore(
                served.window(), readout.spec().task() instanceof Task.Labelled, state.getServed());
        UnusableState.check(
                state.getGatheredCount() <= most, "baseline.gathered", state.getGatheredCount(), "at most " + most);
        UnusableState.check(
                !(state.getLost() && state.getLeads()), "baseline.leads", "after a defect", "false after a defect");
        for (BaselineItem item : state.getGatheredList()) {
            gathered.add(unpack(item));
        }
        served = stored;
        leads = state.getLeads();
        lost = state.getLost();
    }

    private FeatureLearner.Item unpack(BaselineItem item) {
        int rows = item.getRows();
        UnusableState.check(rows >= 1, "baseline.rows", rows, "at least 1");
        // Its readout refuses features that are not finite when it comes to learn them.
        float[] values = Packed.anyFloats("baseline.values", item.getValues(), (long) rows * encoder.featureWidth());
        Features.Scale scale = item.hasScale() ? StoredExamples.scale(item.getScale()) : null;
        return new FeatureLearner.Item(
                new Features(values, rows, item.getTokens(), scale), StoredTarget.decode(item.getTarget()));
    }

    Baseline state(Predicate<String> stored, SharedPartWriter parts) {
        LearnerState own = readout.state(stored);
        parts.addAll(own.shared());
        Baseline.Builder state = Baseline.newBuilder()
                .setReadout(UnsafeByteOperations.unsafeWrap(own.own()))
                .setServed(served.state())
                .setLeads(leads)
                .setLost(lost);
        for (FeatureLearner.Item item : gathered) {
            Features features = item.features();
            BaselineItem.Builder one = state.addGatheredBuilder()
                    .setRows(features.rows())
                    .setTokens(features.tokens())
                    .setValues(Packed.of(features.values()))
                    .setTarget(StoredTarget.encode(item.target()));
            if (features.scale() != null) {
                one.setScale(StoredExamples.pack(features.scale()));
            }
        }
        return state.build();
    }

    /** An example of the minibatch that is being gathered. */
    void gather(Features features, Target target) {
        if (!lost) {
            gathered.add(new FeatureLearner.Item(features, target));
        }
    }

    /** Discards the minibatch without learning it. */
    void forget() {
        gathered.clear();
    }

    /**
     * Learns the minibatch, counts the served answers, and decides which of the two leads from now on.
     *
     * @param headMetrics of the head itself, this minibatch included
     * @param headTallies how the head itself predicted the minibatch
     */
    void learn(PrequentialMetrics headMetrics, List<Tally> headTallies) {
        List<FeatureLearner.Item> minibatch = List.copyOf(gathered);
        gathered.clear();
        try {
            // Refusals are the same as the head's own except for features that are not finite and for memory that is
            // not left, which cost the baseline alone.
            readout.learn(minibatch);
        } catch (RuntimeException e) {
            LOG.error(
                    "The frozen baseline of head {} is not served any more",
                    readout.spec().name(),
                    e);
            lost = true;
        }
        (leads ? tallies : headTallies).forEach(served::add);
        tallies.clear();
        leads = !lost && readout.failure() == null && ahead(readout.metrics().windowed(), headMetrics.windowed());
    }

    private boolean ahead(Score baseline, Score head) {
        return readout.spec().task() instanceof Task.Labelled
                ? baseline.accuracy() >= head.accuracy()
                : head.count() == 0 || baseline.rootMeanSquaredError() <= head.rootMeanSquaredError();
    }

    /** Whether the baseline is served. */
    boolean leads() {
        return leads;
    }

    /** What extracts the features that it learns from. */
    ObservationEncoder encoder() {
        return encoder;
    }

    HeadSnapshot snapshot() {
        return new BaselineSnapshot(readout.snapshot());
    }

    /** Metrics of the served answers. */
    PrequentialMetrics served() {
        return served;
    }

    void update(HeadSpec head) {
        readout.update(specOf(head));
        if (head.learning().metricWindow() != served.window()) {
            served = served.withWindow(head.learning().metricWindow());
        }
    }

    long residentBytes() {
        return readout.residentBytes() + served.bytes();
    }

    long trainableParameters() {
        return readout.trainableParameters();
    }

    void close() {
        readout.close();
    }
}
