// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * What may change in a specification while its head learns: the learning rate and weight decay of a head that learns by
 * gradient, the metric window, and labels added to the task. Everything else stays as the head was created.
 */
public final class SpecChange {
    private SpecChange() {}

    /**
     * Checks a whole specification against the one it is to replace.
     *
     * @return {@code to}
     * @throws Refused INVALID_FIELD naming what may not change
     */
    public static HeadSpec check(HeadSpec from, HeadSpec to) {
        same("name", from.name(), to.name());
        unchanged("modality", from.modality().equals(to.modality()));
        unchanged("encoder", from.encoder().equals(to.encoder()));
        same("seed", from.seed(), to.seed());
        checkLearning(from.learning(), to.learning());
        if (from.task() instanceof Task.Labelled before && to.task() instanceof Task.Labelled after) {
            same("task", before.kind(), after.kind());
            same("task.max_labels", before.maxLabels(), after.maxLabels());
            for (String label : before.labels()) {
                Refused.check(
                        after.labels().contains(label),
                        "task.labels",
                        "without \"" + label + "\"",
                        "all of the head's labels, and perhaps more");
            }
        } else {
            unchanged("task", from.task().equals(to.task()));
        }
        return to;
    }

    /**
     * The task with more labels, after those that it declares already.
     *
     * @param known the head's current labels, declared and learned; they count towards its maximum
     * @throws Refused LABEL_LIMIT if the head would have too many, or INVALID_FIELD naming an added label that is none
     */
    public static Task.Labelled addLabels(Task.Labelled task, Collection<String> known, Collection<String> added) {
        Set<String> declared = new LinkedHashSet<>(task.labels());
        declared.addAll(added);
        Set<String> all = new LinkedHashSet<>(known);
        all.addAll(declared);
        if (all.size() > task.maxLabels()) {
            String field = "task." + task.kind() + ".labels";
            throw new Refused(
                    Reason.LABEL_LIMIT,
                    field + ": " + all.size() + " labels (expected: at most max_labels " + task.maxLabels() + ")",
                    Map.of("field", field, "limit", Integer.toString(task.maxLabels())));
        }
        return task.withLabels(new ArrayList<>(declared));
    }

    private static void checkLearning(LearningSpec from, LearningSpec to) {
        if (from instanceof LearningSpec.RecursiveLeastSquares before
                && to instanceof LearningSpec.RecursiveLeastSquares after) {
            same("learning.least_squares.ridge", before.ridge(), after.ridge());
            same("learning.least_squares.forgetting", before.forgetting(), after.forgetting());
        } else if (from instanceof LearningSpec.Gradient before && to instanceof LearningSpec.Gradient after) {
            same("learning.gradient.minibatch", before.minibatch(), after.minibatch());
        } else if (from instanceof LearningSpec.Fpt before && to instanceof LearningSpec.Fpt after) {
            LearningSpec.Fpt changed = before.with(after.learningRate(), after.weightDecay(), after.metricWindow());
            unchanged("learning.fpt", changed.equals(after));
        } else {
            unchanged("learning", from.equals(to));
        }
    }

    private static void unchanged(String field, boolean equal) {
        Refused.check(equal, field, "changed", "as the head was created");
    }

    private static void same(String field, Object from, Object to) {
        Refused.check(from.equals(to), field, to, "unchanged, " + from);
    }
}
