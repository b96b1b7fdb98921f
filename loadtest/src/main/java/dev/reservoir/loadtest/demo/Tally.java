// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.demo;

import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.TokenLabelSets;
import dev.reservoir.v1.TokenLabelSetsPrediction;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Compares answers with the targets. The score is the share of correct answers if targets are labels (one per token for
 * a task per token; a set of labels counts as a whole), and the mean absolute error over all values if targets are
 * values. Thread-safe.
 */
final class Tally {
    private double sum;
    private long count;

    /**
     * Counts one answer. An answer whose outcome is missing or of another kind counts as wrong for labels.
     *
     * @throws IllegalArgumentException if values are missing or their number differs from the target's
     */
    synchronized void add(Target truth, HeadPrediction answer) {
        switch (truth.getTruthCase()) {
            case LABEL -> addRight(truth.getLabel().equals(answer.getLabel().getLabel()));
            case LABELS ->
                addRight(new HashSet<>(truth.getLabels().getLabelsList())
                        .equals(new HashSet<>(answer.getLabels().getLabelsList())));
            case TOKEN_LABELS ->
                addTokens(
                        truth.getTokenLabels().getLabelsList(),
                        answer.getTokenLabels().getLabelsList());
            case TOKEN_LABEL_SETS -> addSets(truth.getTokenLabelSets(), answer.getTokenLabelSets());
            case VALUES ->
                addValues(truth.getValues().getValuesList(), answer.getValues().getValuesList());
            case TRUTH_NOT_SET -> throw new IllegalArgumentException("truth: none (expected: one to compare with)");
        }
    }

    /** Items compared: answers, tokens or values. */
    synchronized long count() {
        return count;
    }

    /** The mean; 0 before the first item. */
    synchronized double score() {
        return count == 0 ? 0 : sum / count;
    }

    private void addRight(boolean right) {
        sum += right ? 1 : 0;
        count++;
    }

    private void addTokens(List<String> truth, List<String> answer) {
        for (int i = 0; i < truth.size(); i++) {
            if (!truth.get(i).isEmpty()) {
                addRight(i < answer.size() && truth.get(i).equals(answer.get(i)));
            }
        }
    }

    private void addSets(TokenLabelSets truth, TokenLabelSetsPrediction answer) {
        for (int i = 0; i < truth.getTokensCount(); i++) {
            if (!truth.getTokens(i).getUnknown()) {
                addRight(i < answer.getTokensCount()
                        && names(truth.getLabelsList(), truth.getTokens(i).getIndicesList())
                                .equals(names(
                                        answer.getLabelsList(),
                                        answer.getTokens(i).getIndicesList())));
            }
        }
    }

    private static Set<String> names(List<String> labels, List<Integer> indices) {
        return indices.stream().map(labels::get).collect(Collectors.toSet());
    }

    private void addValues(List<Float> truth, List<Float> answer) {
        if (truth.size() != answer.size()) {
            throw new IllegalArgumentException(
                    "values: " + answer.size() + " (expected: " + truth.size() + ", as many as the truth has)");
        }
        for (int i = 0; i < truth.size(); i++) {
            sum += Math.abs((double) truth.get(i) - answer.get(i));
            count++;
        }
    }
}
