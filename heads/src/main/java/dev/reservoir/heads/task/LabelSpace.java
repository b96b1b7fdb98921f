// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.task;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.UnusableState;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Known labels, in the order in which they first appeared. */
public final class LabelSpace {
    private final int limit;
    private final List<String> labels = new ArrayList<>();
    private final Map<String, Integer> indices = new HashMap<>();
    private List<String> published = List.of();

    LabelSpace(Task.Labelled task) {
        this.limit = task.maxLabels();
        addAll(task.labels());
    }

    /**
     * The labels of a stored space, in their order.
     *
     * @throws UnusableState DAMAGED
     */
    LabelSpace(Task.Labelled task, List<String> stored) {
        this.limit = task.maxLabels();
        UnusableState.check(stored.size() <= limit, "labels", stored.size() + " labels", "at most " + limit);
        try {
            stored.forEach(this::index);
        } catch (Refused malformed) {
            throw UnusableState.damaged("labels", malformed.getMessage(), "labels");
        }
        UnusableState.check(labels.size() == stored.size(), "labels", "one twice", "each label once");
        UnusableState.check(
                indices.keySet().containsAll(task.labels()),
                "labels",
                "not all of the task's",
                "the task's among them");
    }

    public int size() {
        return labels.size();
    }

    /** Largest number of labels. */
    int limit() {
        return limit;
    }

    public void addAll(List<String> added) {
        long unknown =
                added.stream().filter(label -> !indices.containsKey(label)).count();
        if (labels.size() + unknown > limit) {
            throw full(labels.size() + unknown + " labels");
        }
        added.forEach(this::index);
    }

    /**
     * Index of the label, which is added if it is new; refuses a label beyond the limit and one that is not a valid
     * label.
     */
    public int index(String label) {
        Integer known = indices.get(label);
        if (known != null) {
            return known;
        }
        int bytes = label.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < 1 || bytes > Task.LABEL_BYTES) {
            throw new Refused(
                    Reason.WRONG_TARGET,
                    "target: a label of " + bytes + " bytes (expected: 1 to " + Task.LABEL_BYTES + ")");
        }
        if (labels.size() >= limit) {
            throw full("\"" + label + "\"");
        }
        labels.add(label);
        indices.put(label, labels.size() - 1);
        return labels.size() - 1;
    }

    /** Forgets the labels from {@code size} on, of which nothing has been learned. */
    public void truncate(int size) {
        while (labels.size() > size) {
            indices.remove(labels.remove(labels.size() - 1));
        }
    }

    /** The labels now; never changed. */
    public List<String> list() {
        if (published.size() != labels.size()) {
            published = List.copyOf(labels);
        }
        return published;
    }

    private Refused full(String met) {
        return new Refused(
                Reason.LABEL_LIMIT,
                "labels: " + met + " (expected: at most " + limit + " labels)",
                Map.of("limit", Integer.toString(limit)));
    }
}
