// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import dev.reservoir.v1.Example;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The score, on the test examples, of a rule that learns nothing from the observation. */
public record Baseline(double score, String name) {
    public Baseline {
        if (!Double.isFinite(score)) {
            throw new IllegalArgumentException("baseline: " + score + " (expected: a finite number)");
        }
    }

    /** Always answers the most frequent label of {@code train}; of equally frequent ones, the alphabetically first. */
    static Baseline majority(List<Example> train, List<Example> test) {
        Map<String, Long> counts = train.stream()
                .map(example -> example.getTarget().getLabel())
                .collect(Collectors.groupingBy(Function.identity(), TreeMap::new, Collectors.counting()));
        String label = counts.entrySet().stream()
                .max(Map.Entry.<String, Long>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                .orElseThrow(() -> new IllegalArgumentException("train: empty (expected: at least one example)"))
                .getKey();
        long right = test.stream()
                .filter(example -> example.getTarget().getLabel().equals(label))
                .count();
        return new Baseline((double) right / test.size(), "always " + label);
    }
}
