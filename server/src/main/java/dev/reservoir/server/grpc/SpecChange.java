// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.protobuf.FieldMask;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.codec.LearningCodec;
import dev.reservoir.v1.Head;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What an update may change of a specification. A field left at 0 goes back to its default. */
final class SpecChange {
    private static final String RATE = "learning.gradient.learning_rate";
    private static final String DECAY = "learning.gradient.weight_decay";
    private static final String FPT_RATE = "learning.fpt.learning_rate";
    private static final String FPT_DECAY = "learning.fpt.weight_decay";
    private static final String WINDOW = "learning.metric_window";
    private static final Map<String, Class<? extends Task.Labelled>> LABELS = Map.of(
            "task.classification.labels", Task.Classification.class,
            "task.multi_label.labels", Task.MultiLabel.class,
            "task.token_classification.labels", Task.TokenClassification.class,
            "task.token_multi_label.labels", Task.TokenMultiLabel.class);
    private static final String EXPECTED =
            RATE + ", " + DECAY + ", " + FPT_RATE + ", " + FPT_DECAY + ", " + WINDOW + " or task.{kind}.labels";

    private SpecChange() {}

    /**
     * @param known labels that the head knows, declared and learned
     * @throws Refused INVALID_FIELD, or LABEL_LIMIT
     */
    static HeadSpec apply(HeadSpec now, List<String> known, Head wanted, FieldMask mask) {
        Refused.check(mask.getPathsCount() > 0, "update_mask", "nothing", EXPECTED);
        HeadSpec spec = now;
        for (String path : mask.getPathsList()) {
            if (LABELS.containsKey(path)) {
                spec = withTask(spec, addLabels(known, spec.task(), path, wanted));
            } else {
                spec = withLearning(spec, learning(spec, path, wanted));
            }
        }
        return spec;
    }

    private static LearningSpec learning(HeadSpec spec, String path, Head wanted) {
        LearningSpec old = spec.learning();
        if (old instanceof LearningSpec.Fpt fpt) {
            return throughSubstrate(fpt, spec, path, wanted);
        }
        LearningSpec defaulted =
                LearningCodec.decode(wanted.getLearning(), spec.modality(), spec.task(), spec.encoder());
        if (path.equals(WINDOW)) {
            int window = defaulted.metricWindow();
            if (old instanceof LearningSpec.Gradient gradient) {
                return new LearningSpec.Gradient(
                        gradient.learningRate(), gradient.weightDecay(), gradient.minibatch(), window);
            }
            LearningSpec.RecursiveLeastSquares squares = (LearningSpec.RecursiveLeastSquares) old;
            return new LearningSpec.RecursiveLeastSquares(squares.ridge(), squares.forgetting(), window);
        }
        Refused.check(path.equals(RATE) || path.equals(DECAY), "update_mask", "\"" + cut(path) + "\"", EXPECTED);
        if (old instanceof LearningSpec.Gradient gradient && defaulted instanceof LearningSpec.Gradient changed) {
            return new LearningSpec.Gradient(
                    path.equals(RATE) ? changed.learningRate() : gradient.learningRate(),
                    path.equals(DECAY) ? changed.weightDecay() : gradient.weightDecay(),
                    gradient.minibatch(),
                    gradient.metricWindow());
        }
        throw new Refused(
                Reason.INVALID_FIELD,
                "update_mask: \"" + path + "\" (expected: a head that learns by gradient, and learning.gradient set)",
                Map.of("field", path));
    }

    private static LearningSpec throughSubstrate(LearningSpec.Fpt old, HeadSpec spec, String path, Head wanted) {
        LearningSpec.Fpt changed = LearningCodec.decodeFpt(wanted.getLearning(), spec.modality(), spec.task());
        Refused.check(
                path.equals(WINDOW)
                        || (wanted.getLearning().hasFpt() && (path.equals(FPT_RATE) || path.equals(FPT_DECAY))),
                "update_mask",
                "\"" + cut(path) + "\"",
                FPT_RATE + " or " + FPT_DECAY + " with learning.fpt set, or " + WINDOW + ", for a head of kind FPT");
        return old.with(
                path.equals(FPT_RATE) ? changed.learningRate() : old.learningRate(),
                path.equals(FPT_DECAY) ? changed.weightDecay() : old.weightDecay(),
                path.equals(WINDOW) ? changed.metricWindow() : old.metricWindow());
    }

    private static Task addLabels(List<String> learned, Task task, String path, Head wanted) {
        Refused.check(
                LABELS.getOrDefault(path, Task.Labelled.class).isInstance(task),
                "update_mask",
                "\"" + path + "\"",
                "a path of the head's own task");
        Task.Labelled labelled = (Task.Labelled) task;
        List<String> added = labels(path, wanted);
        Set<String> declared = new LinkedHashSet<>(labelled.labels());
        declared.addAll(added);
        Set<String> known = new LinkedHashSet<>(learned);
        known.addAll(declared);
        if (known.size() > labelled.maxLabels()) {
            throw new Refused(
                    Reason.LABEL_LIMIT,
                    path + ": " + known.size() + " labels (expected: at most max_labels " + labelled.maxLabels() + ")",
                    Map.of("field", path, "limit", Integer.toString(labelled.maxLabels())));
        }
        List<String> all = new ArrayList<>(declared);
        if (task instanceof Task.Classification) {
            return new Task.Classification(all, labelled.maxLabels());
        }
        if (task instanceof Task.MultiLabel) {
            return new Task.MultiLabel(all, labelled.maxLabels());
        }
        return task instanceof Task.TokenClassification
                ? new Task.TokenClassification(all, labelled.maxLabels())
                : new Task.TokenMultiLabel(all, labelled.maxLabels());
    }

    private static List<String> labels(String path, Head wanted) {
        dev.reservoir.v1.Task task = wanted.getTask();
        return switch (path) {
            case "task.classification.labels" -> task.getClassification().getLabelsList();
            case "task.multi_label.labels" -> task.getMultiLabel().getLabelsList();
            case "task.token_classification.labels" ->
                task.getTokenClassification().getLabelsList();
            default -> task.getTokenMultiLabel().getLabelsList();
        };
    }

    private static HeadSpec withTask(HeadSpec spec, Task task) {
        return new HeadSpec(spec.name(), spec.modality(), task, spec.encoder(), spec.learning(), spec.seed());
    }

    private static HeadSpec withLearning(HeadSpec spec, LearningSpec learning) {
        return new HeadSpec(spec.name(), spec.modality(), spec.task(), spec.encoder(), learning, spec.seed());
    }

    private static String cut(String path) {
        return path.length() > 100 ? path.substring(0, 100) + "..." : path;
    }
}
