package dev.reservoir.heads.readout;

import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A head's readout: checks items, scores them, has its rule learn them, counts. Closed, it learns no more and still tells its last snapshot,
 * metrics and sizes; closing again does nothing.
 */
final class ReadoutLearner implements HeadLearner {
    private final int features;
    private final Targets targets;
    private final Rule rule;
    private final GradientRule.@Nullable Loss link;
    private final PrequentialMetrics.Tally tally = new PrequentialMetrics.Tally();
    private HeadSpec spec;
    private PrequentialMetrics metrics;
    private long examples;
    private long refused;
    private @Nullable String failure;
    private @Nullable ReadoutSnapshot snapshot;
    private boolean closed;

    ReadoutLearner(HeadSpec spec, int features, Rule rule, GradientRule.@Nullable Loss link) {
        this.spec = spec;
        this.features = features;
        this.rule = rule;
        this.link = link;
        this.targets = new Targets(spec.task(), features);
        this.metrics = new PrequentialMetrics(spec.learning().metricWindow(), targets.labels() != null);
        rule.grow(targets.outputs());
    }

    @Override
    public List<@Nullable Refused> learn(List<Item> items) {
        if (closed) {
            throw new IllegalStateException(spec.name() + " is closed");
        }
        @Nullable Refused[] answers = new Refused[items.size()];
        int known = targets.outputs();
        int[] outputsAfter = new int[items.size()];
        List<Row> rows = new ArrayList<>(items.size());
        for (int i = 0; i < items.size() && failure == null; i++) {
            try {
                targets.rows(items.get(i), i, rows);
            } catch (Refused wrong) {
                answers[i] = wrong;
            }
            outputsAfter[i] = targets.outputs();
        }
        int done = failure == null ? learnRows(rows, answers, items.size()) : 0;
        // The rows' features may be large and are not the head's to keep.
        rule.announce(List.of());
        if (failure != null) {
            forget(done == 0 ? known : outputsAfter[done - 1]);
            for (int i = done; i < answers.length; i++) {
                answers[i] = new Refused(Reason.HEAD_FAILED, spec.name() + ": " + failure);
            }
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

    /** Learns in order. Returns the items handled before the one at which the head failed, or all. */
    private int learnRows(List<Row> rows, @Nullable Refused[] answers, int items) {
        int most = rows.stream().mapToInt(Row::outputs).max().orElse(0);
        float[] scores = new float[most];
        float[] truth = new float[most];
        rule.announce(rows);
        tally.clear();
        for (int r = 0; r < rows.size(); r++) {
            Row row = rows.get(r);
            try {
                rule.grow(row.outputs());
                rule.scores(row, scores);
                row.fill(truth);
                double loss = rule.learn(r, row, scores, truth);
                snapshot = null;
                count(row, scores, truth, loss);
            } catch (NotFinite met) {
                failure = "stopped learning: " + met.getMessage();
                return row.item();
            }
            if (row.last()) {
                metrics.add(tally);
                tally.clear();
            }
        }
        return items;
    }

    private void count(Row row, float[] scores, float[] truth, double loss) {
        Task task = spec.task();
        int outputs = row.outputs();
        if (task instanceof Task.MultiLabel) {
            float threshold = link == null ? 0.5f : 0;
            int right = 0;
            for (int c = 0; c < outputs; c++) {
                // A label that was not known could not be answered.
                boolean answered = c < row.known() && scores[c] >= threshold;
                right += answered == (truth[c] == 1) ? 1 : 0;
            }
            tally.labels(right, outputs, loss);
        } else if (task instanceof Task.Labelled) {
            int[] hot = row.hot();
            boolean right = row.known() > 0 && hot != null && ReadoutSnapshot.best(scores, row.known()) == hot[0];
            tally.labels(right ? 1 : 0, 1, loss);
        } else {
            double absolute = 0;
            double squared = 0;
            float[] unit = row.unit();
            for (int i = 0; i < outputs; i++) {
                double error = ((double) scores[i] - truth[i]) * (unit == null ? 1 : unit[i % unit.length]);
                absolute += Math.abs(error);
                squared += error * error;
            }
            tally.values(absolute, squared, outputs);
        }
    }

    private void forget(int outputs) {
        LabelSpace labels = targets.labels();
        if (labels != null) {
            labels.truncate(outputs);
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
            // A head that failed may know a row more than it has labels.
            Weights served = weights.with(targets.outputs(), weights.scaling());
            current = new ReadoutSnapshot(spec.task(), labels == null ? List.of() : labels.list(), served, link);
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
        Changes.check(spec, changed);
        LabelSpace labels = targets.labels();
        if (labels != null && changed.task() instanceof Task.Labelled task) {
            labels.addAll(task.labels());
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
        if (!closed) {
            snapshot();
            closed = true;
            rule.close();
        }
    }
}
