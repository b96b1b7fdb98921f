// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.task;

import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;

/** What may change of a specification: a gradient's rate and decay, the metric window, labels added. */
public final class Changes {
    private Changes() {}

    /** @throws Refused INVALID_FIELD naming what may not change */
    public static void check(HeadSpec from, HeadSpec to) {
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
