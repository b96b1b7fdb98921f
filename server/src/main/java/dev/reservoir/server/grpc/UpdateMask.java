// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.protobuf.FieldMask;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SpecChange;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.codec.LearningCodec;
import dev.reservoir.v1.Head;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Reads the paths of an update mask, and the values they name, as a changed specification. {@link SpecChange} says what
 * may change at all. A field left at 0 goes back to its default.
 */
final class UpdateMask {
    private static final String RATE = "learning.gradient.learning_rate";
    private static final String DECAY = "learning.gradient.weight_decay";
    private static final String FPT_RATE = "learning.fpt.learning_rate";
    private static final String FPT_DECAY = "learning.fpt.weight_decay";
    private static final String WINDOW = "learning.metric_window";
    /** The labels that each path names. */
    private static final Map<String, Function<dev.reservoir.v1.Task, List<String>>> LABELS = Map.of(
            "task.classification.labels", task -> task.getClassification().getLabelsList(),
            "task.multi_label.labels", task -> task.getMultiLabel().getLabelsList(),
            "task.token_classification.labels",
                    task -> task.getTokenClassification().getLabelsList(),
            "task.token_multi_label.labels", task -> task.getTokenMultiLabel().getLabelsList());

    private static final String EXPECTED =
            RATE + ", " + DECAY + ", " + FPT_RATE + ", " + FPT_DECAY + ", " + WINDOW + " or task.{kind}.labels";

    private UpdateMask() {}

    /**
     * @param known labels that the head knows, declared and learned
     * @throws Refused INVALID_FIELD, or LABEL_LIMIT
     */
    static HeadSpec apply(HeadSpec now, List<String> known, Head requested, FieldMask mask) {
        Refused.check(mask.getPathsCount() > 0, "update_mask", "nothing", EXPECTED);
        HeadSpec spec = now;
        for (String path : mask.getPathsList()) {
            Function<dev.reservoir.v1.Task, List<String>> labels = LABELS.get(path);
            spec = labels == null
                    ? spec.withLearning(learning(spec, path, requested))
                    : spec.withTask(addLabels(spec.task(), known, path, labels.apply(requested.getTask())));
        }
        return spec;
    }

    private static LearningSpec learning(HeadSpec spec, String path, Head requested) {
        LearningSpec old = spec.learning();
        if (old instanceof LearningSpec.Fpt fpt) {
            return throughSubstrate(fpt, spec, path, requested);
        }
        LearningSpec defaulted =
                LearningCodec.decode(requested.getLearning(), spec.modality(), spec.task(), spec.encoder());
        if (path.equals(WINDOW)) {
            return old.withMetricWindow(defaulted.metricWindow());
        }
        Refused.check(path.equals(RATE) || path.equals(DECAY), "update_mask", "\"" + cut(path) + "\"", EXPECTED);
        if (old instanceof LearningSpec.Gradient gradient && defaulted instanceof LearningSpec.Gradient changed) {
            return gradient.with(
                    path.equals(RATE) ? changed.learningRate() : gradient.learningRate(),
                    path.equals(DECAY) ? changed.weightDecay() : gradient.weightDecay(),
                    gradient.metricWindow());
        }
        throw new Refused(
                Reason.INVALID_FIELD,
                "update_mask: \"" + path + "\" (expected: a head that learns by gradient, and learning.gradient set)",
                Map.of("field", path));
    }

    private static LearningSpec throughSubstrate(LearningSpec.Fpt old, HeadSpec spec, String path, Head requested) {
        LearningSpec.Fpt changed = LearningCodec.decodeFpt(requested.getLearning(), spec.modality(), spec.task());
        Refused.check(
                path.equals(WINDOW)
                        || (requested.getLearning().hasFpt() && (path.equals(FPT_RATE) || path.equals(FPT_DECAY))),
                "update_mask",
                "\"" + cut(path) + "\"",
                FPT_RATE + " or " + FPT_DECAY + " with learning.fpt set, or " + WINDOW + ", for a head of kind FPT");
        return old.with(
                path.equals(FPT_RATE) ? changed.learningRate() : old.learningRate(),
                path.equals(FPT_DECAY) ? changed.weightDecay() : old.weightDecay(),
                path.equals(WINDOW) ? changed.metricWindow() : old.metricWindow());
    }

    private static Task addLabels(Task task, List<String> known, String path, List<String> added) {
        if (task instanceof Task.Labelled labelled && path.equals("task." + task.kind() + ".labels")) {
            return SpecChange.addLabels(labelled, known, added);
        }
        throw new Refused(
                Reason.INVALID_FIELD,
                "update_mask: \"" + path + "\" (expected: a path of the head's own task)",
                Map.of("field", "update_mask"));
    }

    private static String cut(String path) {
        return path.length() > 100 ? path.substring(0, 100) + "..." : path;
    }
}
