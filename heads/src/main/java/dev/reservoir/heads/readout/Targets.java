package dev.reservoir.heads.readout;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadLearner.Item;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks items against a task and turns them into rows. */
final class Targets {
    private final Task task;
    private final int features;
    private final @Nullable LabelSpace labels;
    private final int numbers;

    Targets(Task task, int features) {
        this.task = task;
        this.features = features;
        this.labels = task instanceof Task.Labelled labelled ? new LabelSpace(labelled) : null;
        if (task instanceof Task.Regression regression) {
            numbers = regression.dimensions();
        } else if (task instanceof Task.Forecast forecast) {
            numbers = forecast.horizon() * forecast.channels();
        } else {
            numbers = 0;
        }
    }

    /** Labels known, or null for tasks of values. */
    @Nullable
    LabelSpace labels() {
        return labels;
    }

    /** Outputs known now. */
    int outputs() {
        return labels == null ? numbers : labels.size();
    }

    /** Adds the item's rows, none where no token of it is labelled. Throws {@link Refused}, and then has changed nothing. */
    void rows(Item item, int index, List<Row> rows) {
        Features input = item.features();
        Target target = item.target();
        boolean perToken = task instanceof Task.TokenClassification;
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
        int known = outputs();
        try {
            if (task instanceof Task.Classification && target instanceof Target.Label label) {
                int hot = space().index(label.label());
                rows.add(new Row(input.values(), 0, index, true, known, outputs(), new int[] {hot}, null, null));
            } else if (task instanceof Task.MultiLabel && target instanceof Target.LabelSet set) {
                // Sorted, so that the order in which labels become known is a function of the target.
                int[] hot =
                        set.labels().stream().sorted().mapToInt(space()::index).toArray();
                rows.add(new Row(input.values(), 0, index, true, known, outputs(), hot, null, null));
            } else if (perToken && target instanceof Target.TokenLabels tokens) {
                tokenRows(input, tokens.labels(), index, rows);
            } else if (numbers > 0 && target instanceof Target.Values values) {
                rows.add(valueRow(input, values.values(), index));
            } else {
                throw wrong(describe(target), "a target of " + task.getClass().getSimpleName());
            }
        } catch (Refused refused) {
            if (labels != null) {
                labels.truncate(known);
            }
            throw refused;
        }
    }

    private void tokenRows(Features input, List<String> tokens, int index, List<Row> rows) {
        if (tokens.size() != input.rows()) {
            throw wrong(tokens.size() + " labels", input.rows() + ", one a token");
        }
        int known = outputs();
        List<Row> added = new ArrayList<>();
        int last = tokens.size() - 1;
        while (last >= 0 && tokens.get(last).isEmpty()) {
            last--;
        }
        for (int t = 0; t <= last; t++) {
            if (!tokens.get(t).isEmpty()) {
                int[] hot = {space().index(tokens.get(t))};
                added.add(new Row(input.values(), t * features, index, t == last, known, outputs(), hot, null, null));
            }
            known = outputs();
        }
        rows.addAll(added);
    }

    private Row valueRow(Features input, float[] values, int index) {
        if (values.length != numbers) {
            throw wrong(values.length + " numbers", numbers + " numbers");
        }
        Features.Scale scale = task instanceof Task.Forecast ? input.scale() : null;
        float[] dense = values.clone();
        for (int i = 0; i < numbers; i++) {
            if (scale != null) {
                int channel = i % scale.shift().length;
                dense[i] = (dense[i] - scale.shift()[channel]) / scale.factor()[channel];
            }
            if (!Float.isFinite(dense[i])) {
                throw wrong("values[" + i + "] = " + values[i], "a finite number");
            }
        }
        return new Row(
                input.values(), 0, index, true, numbers, numbers, null, dense, scale == null ? null : scale.factor());
    }

    private LabelSpace space() {
        if (labels == null) {
            throw new IllegalStateException("a task of values has no labels");
        }
        return labels;
    }

    private static String describe(Target target) {
        return "a target of kind " + target.getClass().getSimpleName();
    }

    private static Refused wrong(String met, String expected) {
        return new Refused(Reason.WRONG_TARGET, "target: " + met + " (expected: " + expected + ")");
    }
}
