// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.List;
import java.util.Set;

/** The truth that belongs to an observation. */
public sealed interface Target {
    /** Its name in the contract. */
    String kind();

    record Label(String label) implements Target {
        @Override
        public String kind() {
            return "label";
        }
    }

    record LabelSet(Set<String> labels) implements Target {
        public LabelSet {
            labels = Set.copyOf(labels);
        }

        @Override
        public String kind() {
            return "labels";
        }
    }

    /** Regression {@code [dimensions]}; forecast {@code [horizon, channels]}. */
    record Values(float[] values) implements Target {
        @Override
        public String kind() {
            return "values";
        }
    }

    /** One label per token; an empty one is unknown and not learned from. */
    record TokenLabels(List<String> labels) implements Target {
        public TokenLabels {
            labels = List.copyOf(labels);
        }

        @Override
        public String kind() {
            return "token_labels";
        }
    }

    /**
     * A set of labels per token. Its consistency is checked when it is learned from.
     *
     * @param labels the labels that the sets refer to by index
     * @param tokens one per token
     */
    record TokenLabelSets(List<String> labels, List<TokenSet> tokens) implements Target {
        public TokenLabelSets {
            labels = List.copyOf(labels);
            tokens = List.copyOf(tokens);
        }

        @Override
        public String kind() {
            return "token_label_sets";
        }
    }

    /**
     * The labels of one token.
     *
     * @param unknown whether the truth is unknown, so that the token is not learned from
     * @param indices of labels
     */
    record TokenSet(boolean unknown, int[] indices) {}
}
