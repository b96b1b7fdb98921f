// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.task;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.UnusableState;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks targets against a task. Not thread-safe. */
public final class Targets {
    private final Task task;
    private final @Nullable LabelSpace labels;
    private final int numbers;

    public Targets(Task task) {
        this(task, task instanceof Task.Labelled labelled ? new LabelSpace(labelled) : null);
    }

    private Targets(Task task, @Nullable LabelSpace labels) {
        this.task = task;
        this.labels = labels;
        if (task instanceof Task.Regression regression) {
            numbers = regression.dimensions();
        } else if (task instanceof Task.Forecast forecast) {
            numbers = forecast.horizon() * forecast.channels();
        } else {
            numbers = 0;
        }
    }

    /**
     * The targets of a head with stored labels.
     *
     * @param stored all labels that are known, in order; none for a task of values
     * @throws UnusableState DAMAGED
     */
    public static Targets restore(Task task, List<String> stored) {
        if (task instanceof Task.Labelled labelled) {
            return new Targets(task, new LabelSpace(labelled, stored));
        }
        UnusableState.check(stored.isEmpty(), "labels", stored.size() + " labels", "none for task " + task.kind());
        return new Targets(task, null);
    }

    /** Labels known, or null for tasks of values. */
    public @Nullable LabelSpace labels() {
        return labels;
    }

    /** Outputs known now. */
    public int outputs() {
        return labels == null ? numbers : labels.size();
    }

    /**
     * The truths of one example, none if no token of it is labelled. Unknown labels are added.
     *
     * @param tokens rows of its features if the task is per token
     * @param scale see {@link Features#scale}
     * @throws Refused WRONG_TARGET or LABEL_LIMIT, and then nothing has changed
     */
    public List<Truth> truths(Target target, int tokens, Features.@Nullable Scale scale) {
        int known = outputs();
        try {
            if (task instanceof Task.Classification && target instanceof Target.Label label) {
                int[] positives = {space().index(label.label())};
                return List.of(new Truth(0, true, known, outputs(), positives, null, null));
            }
            if (task instanceof Task.MultiLabel && target instanceof Target.LabelSet set) {
                // Sorted, so that the order in which labels become known is a function of the target.
                int[] positives =
                        set.labels().stream().sorted().mapToInt(space()::index).toArray();
                return List.of(new Truth(0, true, known, outputs(), positives, null, null));
            }
            if (task instanceof Task.TokenClassification && target instanceof Target.TokenLabels labelled) {
                return tokenTruths(tokens, labelled.labels());
            }
            if (task instanceof Task.TokenMultiLabel && target instanceof Target.TokenLabelSets sets) {
                return new TokenSets(sets, space()).truths(tokens);
            }
            if (numbers > 0 && target instanceof Target.Values values) {
                return List.of(values(values.values(), task instanceof Task.Forecast ? scale : null));
            }
            throw wrong(target.kind(), expected() + " for task " + task.kind());
        } catch (Refused refused) {
            if (labels != null) {
                labels.truncate(known);
            }
            throw refused;
        }
    }

    /** The kind of target that the task expects. */
    private String expected() {
        if (numbers > 0) {
            return "values";
        }
        boolean several = task instanceof Task.ManyLabels;
        if (task instanceof Task.PerToken) {
            return several ? "token_label_sets" : "token_labels";
        }
        return several ? "labels" : "label";
    }

    private List<Truth> tokenTruths(int tokens, List<String> labelled) {
        if (labelled.size() != tokens) {
            throw wrong(labelled.size() + " labels", tokens + ", one per token");
        }
        int known = outputs();
        List<Truth> truths = new ArrayList<>();
        int last = tokens - 1;
        while (last >= 0 && labelled.get(last).isEmpty()) {
            last--;
        }
        for (int t = 0; t <= last; t++) {
            if (!labelled.get(t).isEmpty()) {
                int[] positives = {space().index(labelled.get(t))};
                truths.add(new Truth(t, t == last, known, outputs(), positives, null, null));
            }
            known = outputs();
        }
        return truths;
    }

    private Truth values(float[] values, Features.@Nullable Scale scale) {
        if (values.length != numbers) {
            throw wrong(values.length + " numbers", numbers + " numbers");
        }
        float[] truth = values.clone();
        for (int i = 0; i < numbers; i++) {
            // NaN compares as false.
            if (!(Math.abs(values[i]) <= Task.LARGEST_VALUE)) {
                throw wrong("values[" + i + "] = " + values[i], "a finite number of absolute value at most 1e9");
            }
            if (scale != null) {
                int channel = i % scale.shift().length;
                truth[i] = (truth[i] - scale.shift()[channel]) / scale.factor()[channel];
                if (!(Math.abs(truth[i]) <= Task.LARGEST_VALUE)) {
                    throw wrong(
                            "values[" + i + "] = " + values[i] + ", " + truth[i]
                                    + " deviations of the window from its mean",
                            "at most 1e9 deviations");
                }
            }
        }
        return new Truth(0, true, numbers, numbers, null, truth, scale == null ? null : scale.factor());
    }

    private LabelSpace space() {
        if (labels == null) {
            throw new IllegalStateException("a task of values has no labels");
        }
        return labels;
    }

    static Refused wrong(String met, String expected) {
        return new Refused(Reason.WRONG_TARGET, "target: " + met + " (expected: " + expected + ")");
    }
}
