// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.List;

/** A head's answer. */
public sealed interface Prediction {

    /**
     * A label with its score: a probability (gradient) or an estimate of the one-against-rest target (least squares).
     */
    record Scored(String label, float score) {}

    /** @param label the best, empty while no label is known; {@code scores} best first, as many as were requested */
    record Label(String label, List<Scored> scores) implements Prediction {}

    /** @param labels those that score at least one half; {@code scores} best first, as many as were requested */
    record LabelSet(List<String> labels, List<Scored> scores) implements Prediction {}

    /** In the order and units of the targets. */
    record Values(float[] values) implements Prediction {}

    /** One label per token. */
    record TokenLabels(List<String> labels) implements Prediction {}

    /** @param labels all known labels, to which indices refer */
    record TokenLabelSets(List<String> labels, List<TokenSet> tokens) implements Prediction {}

    /**
     * The answer to one token.
     *
     * @param indices those that score at least one half, ascending
     * @param scored the best, best first, as many as were requested
     * @param scores theirs, as {@link Scored#score}
     */
    record TokenSet(int[] indices, int[] scored, float[] scores) {}
}
