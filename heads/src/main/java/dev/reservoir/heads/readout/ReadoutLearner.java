// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerMemory;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SpecChange;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.codec.StoredSpec;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.math.NotFinite;
import dev.reservoir.heads.state.SharedPartWriter;
import dev.reservoir.heads.state.StateFormat;
import dev.reservoir.heads.task.Answers;
import dev.reservoir.heads.task.LabelSpace;
import dev.reservoir.heads.task.PrequentialMetrics;
import dev.reservoir.heads.task.Targets;
import dev.reservoir.heads.task.Truth;
import dev.reservoir.state.v1.Learner;
import dev.reservoir.state.v1.Readout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A head's readout: checks items, scores them, lets its rule learn them and counts them. Once closed it learns no more
 * but still returns its last snapshot, metrics and sizes; closing again does nothing.
 */
final class ReadoutLearner implements FeatureLearner {
    private final Holdings holdings;
    private final int features;
    private final Targets targets;
    private final Rule rule;
    private final @Nullable Loss link;
    private final Consumer<PrequentialMetrics.Tally> scored;
    private PrequentialMetrics.Tally tally = new PrequentialMetrics.Tally();
    private HeadSpec spec;
    private PrequentialMetrics metrics;
    private long examples;
    private long refused;
    private @Nullable String failure;
    /** The last error, not caused by the example itself, that prevented an example from being learned. */
    private @Nullable Throwable defect;

    private @Nullable ReadoutSnapshot snapshot;
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * What a learner gives back when it is closed.
     *
     * @param encoder makes the features
     * @param memory reserved for the weights
     */
    record Holdings(EncoderLease encoder, LearnerMemory memory) {
        void close() {
            encoder.close();
            memory.close();
        }
    }

    /**
     * A readout that has learned nothing.
     *
     * @param holdings closed with it
     * @param scored receives how each example was predicted before it was learned, in order
     */
    ReadoutLearner(
            HeadSpec spec,
            Holdings holdings,
            Rule rule,
            @Nullable Loss link,
            Consumer<PrequentialMetrics.Tally> scored) {
        this.spec = spec;
        this.scored = scored;
        this.holdings = holdings;
        this.features = holdings.encoder.encoder().featureWidth();
        this.rule = rule;
        this.link = link;
        this.targets = new Targets(spec.task());
        this.metrics = new PrequentialMetrics(spec.learning().metricWindow(), targets.labels() != null);
        rule.grow(targets.outputs());
    }

    /**
     * The readout that a stored state was taken from.
     *
     * @param rule restored from the same state
     * @throws UnusableState DAMAGED
     */
    ReadoutLearner(
            HeadSpec spec,
            Holdings holdings,
            Rule rule,
            @Nullable Loss link,
            Consumer<PrequentialMetrics.Tally> scored,
            Readout state) {
        this.spec = spec;
        this.scored = scored;
        this.holdings = holdings;
        this.features = holdings.encoder.encoder().featureWidth();
        this.rule = rule;
        this.link = link;
        this.targets = Targets.restore(spec.task(), state.getLabelsList());
        this.metrics = PrequentialMetrics.restore(
                spec.learning().metricWindow(), targets.labels() != null, state.getMetrics());
        this.examples = state.getExamples();
        this.refused = state.getRefused();
        UnusableState.check(
                examples >= 0 && refused >= 0, "examples", examples + ", " + refused + " refused", "at least 0");
        this.failure = state.hasFailure() ? state.getFailure() : null;
        UnusableState.check(
                rule.outputs() >= targets.outputs(),
                "outputs",
                rule.outputs(),
                "at least " + targets.outputs() + ", those that are known");
    }

    @Override
    public LearnerState state(Predicate<String> stored) {
        if (closed.get()) {
            throw new IllegalStateException(spec.name() + " is closed");
        }
        SharedPartWriter parts = new SharedPartWriter(stored);
        Learner.Builder head =
                Learner.newBuilder().setSpec(StoredSpec.encode(spec)).setReadout(save(parts));
        EncoderKey key = holdings.encoder.encoder().key();
        if (key != null) {
            head.setSubstrateDigest(key.substrateDigest());
        }
        return new LearnerState(StateFormat.seal(head.build()), parts.parts());
    }

    private Readout save(SharedPartWriter parts) {
        Readout.Builder state = Readout.newBuilder()
                .setFeatureWidth(features)
                .setExamples(examples)
                .setRefused(refused)
                .setMetrics(metrics.state());
        if (failure != null) {
            state.setFailure(failure);
        }
        LabelSpace labels = targets.labels();
        if (labels != null) {
            state.addAllLabels(labels.list());
        }
        rule.save(state, parts);
        return state.build();
    }

    @Override
    public List<@Nullable Refused> learn(List<Item> items) {
        if (closed.get()) {
            throw new IllegalStateException(spec.name() + " is closed");
        }
        @Nullable Refused[] answers = new Refused[items.size()];
        int known = targets.outputs();
        int[] outputsAfter = new int[items.size()];
        List<Row> rows = new ArrayList<>(items.size());
        for (int i = 0; i < items.size() && failure == null; i++) {
            try {
                rows(items.get(i), i, rows);
            } catch (Refused wrong) {
                answers[i] = wrong;
            }
            outputsAfter[i] = targets.outputs();
        }
        int done = failure == null ? learnRows(rows, items.size()) : 0;
        release();
        if (done < answers.length) {
            forget(done == 0 ? known : outputsAfter[done - 1]);
            Arrays.fill(answers, done, answers.length, whyNotLearned());
        }
        for (Refused answer : answers) {
            if (answer == null) {
                examples++;
            } else {
                refused++;
            }
        }
        return Arrays.asList(answers);
    }

    private Refused whyNotLearned() {
        if (failure != null) {
            return new Refused(Reason.HEAD_FAILED, spec.name() + ": " + failure);
        }
        return defect instanceof Refused refused
                ? refused.about(spec.name())
                : new Refused(Reason.INTERNAL, spec.name() + ": not learned: " + defect);
    }

    /** The rows' features may be large and must not stay reachable from the head. */
    private void release() {
        try {
            rule.announce(List.of());
        } catch (RuntimeException | OutOfMemoryError postponed) {
            // Work that failed now is tried again before the next row, and if that fails, that row is refused.
            defect = postponed;
        }
    }

    /**
     * Learns in order. Returns the number of items handled: all, or those before the one at which the head failed, ran
     * out of memory or hit a defect. A row that cannot be learned changes nothing in the rule, so the head is as those
     * items left it.
     */
    private int learnRows(List<Row> rows, int items) {
        int most = rows.stream().mapToInt(Row::outputs).max().orElse(0);
        float[] scores = new float[most];
        float[] truth = new float[most];
        tally = new PrequentialMetrics.Tally();
        for (int r = 0; r < rows.size(); r++) {
            Row row = rows.get(r);
            try {
                if (r == 0) {
                    rule.announce(rows);
                }
                rule.grow(row.outputs());
                rule.scores(r, row, scores);
                row.fill(truth);
                double loss = rule.learn(row, scores, truth);
                snapshot = null;
                tally.score(spec.task(), row.truth(), scores, truth, loss, link);
            } catch (NotFinite met) {
                failure = "stopped learning: " + met.getMessage();
                return row.item();
            } catch (RuntimeException | OutOfMemoryError met) {
                defect = met;
                return row.item();
            }
            if (row.last()) {
                metrics.add(tally);
                scored.accept(tally);
                tally = new PrequentialMetrics.Tally();
            }
        }
        return items;
    }

    /** Adds the item's rows, none if no token of it is labelled. If it throws {@link Refused}, nothing has changed. */
    private void rows(Item item, int index, List<Row> rows) {
        Features input = item.features();
        boolean perToken = spec.task() instanceof Task.PerToken;
        if (input.width() != features || (!perToken && input.rows() != 1)) {
            throw new Refused(
                    Reason.INVALID_OBSERVATION,
                    "features: " + input.rows() + " x " + input.width() + " (expected: " + (perToken ? "tokens" : "1")
                            + " x " + features + ")");
        }
        for (int i = 0; i < input.values().length; i++) {
            if (!Float.isFinite(input.values()[i])) {
                throw new Refused(
                        Reason.INVALID_OBSERVATION,
                        "features[" + i + "]: " + input.values()[i] + " (expected: a finite number)");
            }
        }
        int known = targets.outputs();
        List<Truth> truths = targets.truths(item.target(), input.rows(), input.scale());
        if (targets.outputs() > known) {
            reserve(known, spec);
        }
        for (Truth truth : truths) {
            rows.add(new Row(input.values(), truth.row() * features, index, truth));
        }
    }

    /**
     * Reserves memory for the outputs, and forgets those from {@code known} on if there is none.
     *
     * @throws Refused MEMORY_LIMIT
     */
    private void reserve(int known, HeadSpec changed) {
        try {
            holdings.memory.resize(changed, targets.outputs(), 0);
        } catch (Refused refused) {
            forget(known);
            throw refused;
        }
    }

    private void forget(int outputs) {
        LabelSpace labels = targets.labels();
        if (labels != null) {
            labels.truncate(outputs);
        }
    }

    @Override
    public void flush() {
        if (failure == null && !closed.get()) {
            rule.flush();
            snapshot = null;
        }
    }

    @Override
    public void countRefused() {
        refused++;
    }

    @Override
    public HeadSnapshot snapshot() {
        ReadoutSnapshot current = snapshot;
        if (current == null) {
            LabelSpace labels = targets.labels();
            Weights weights = rule.weights();
            // A head that failed may have one more row of weights than labels.
            Weights served = weights.with(targets.outputs(), weights.scaling());
            current = new ReadoutSnapshot(
                    holdings.encoder.encoder(),
                    new Answers(spec.task(), labels == null ? List.of() : labels.list(), link),
                    served);
            snapshot = current;
        }
        return current;
    }

    @Override
    public HeadMetrics metrics() {
        return new HeadMetrics(examples, rule.updates(), refused, metrics.windowed(), metrics.total());
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
        reserve(known, changed);
        if (labels != null) {
            rule.grow(targets.outputs());
            snapshot = null;
        }
        if (rule instanceof GradientRule gradient && changed.learning() instanceof LearningSpec.Gradient learning) {
            gradient.learning(learning);
        }
        if (changed.learning().metricWindow() != metrics.window()) {
            metrics = metrics.withWindow(changed.learning().metricWindow());
        }
        spec = changed;
    }

    @Override
    public HeadSpec spec() {
        return spec;
    }

    @Override
    public long residentBytes() {
        long weights = (long) targets.outputs() * (24 + 4L * (features + 1));
        return rule.bytes() + weights + metrics.bytes();
    }

    @Override
    public long trainableParameters() {
        return (long) targets.outputs() * (features + 1);
    }

    /** For tests. */
    Rule rule() {
        return rule;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            snapshot();
            rule.close();
            holdings.close();
        }
    }
}
