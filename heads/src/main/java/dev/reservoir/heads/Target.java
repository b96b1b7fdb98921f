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

    /**
     * A set of labels a token. Whether it holds together is judged where it is learned from.
     *
     * @param labels what the sets name by index
     * @param tokens one a token
     */
    record TokenLabelSets(List<String> labels, List<TokenSet> tokens) implements Target {
        public TokenLabelSets {
            labels = List.copyOf(labels);
            tokens = List.copyOf(tokens);
        }
    }

    /**
     * What holds for a token.
     *
     * @param unknown whether the truth is not known, and not learned from
     * @param indices of labels
     */
    record TokenSet(boolean unknown, int[] indices) {}
}
