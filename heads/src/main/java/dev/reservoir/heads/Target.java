package dev.reservoir.heads;

import java.util.List;
import java.util.Set;

/** The truth that belongs to an observation. */
public sealed interface Target {
    record Label(String label) implements Target {}

    record LabelSet(Set<String> labels) implements Target {
        public LabelSet {
            labels = Set.copyOf(labels);
        }
    }

    /** Regression {@code [dimensions]}; forecast {@code [horizon, channels]}. */
    record Values(float[] values) implements Target {}

    /** One label a token; an empty one is unknown and not learned from. */
    record TokenLabels(List<String> labels) implements Target {
        public TokenLabels {
            labels = List.copyOf(labels);
        }
    }
}
