// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.TokenLabelSets;
import dev.reservoir.v1.TokenLabelSetsPrediction;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/** Counts scored labels, or bits per token, and how many of them were correct. Thread-safe. */
final class Score {
    private long total;
    private long right;
    private long hardTotal;
    private long hardRight;

    /** Counts one answer; what it leaves out counts as wrong. */
    synchronized void add(EvalTask.Item item, HeadPrediction answer) {
        if (item.example().getTarget().hasLabel()) {
            count(item.example().getTarget().getLabel().equals(answer.getLabel().getLabel()), false);
            return;
        }
        if (item.example().getTarget().hasTokenLabelSets()) {
            addSets(item, answer);
            return;
        }
        List<String> truth = item.example().getTarget().getTokenLabels().getLabelsList();
        List<String> labels = answer.getTokenLabels().getLabelsList();
        Set<String> set = Set.copyOf(answer.getLabels().getLabelsList());
        for (int token = 0; token < truth.size(); token++) {
            if (truth.get(token).isEmpty()) {
                continue;
            }
            String answered = "";
            if (answer.hasLabels()) {
                answered = set.contains(Targets.bit(token)) ? Targets.ONE : Targets.ZERO;
            } else if (token < labels.size()) {
                answered = labels.get(token);
            }
            count(truth.get(token).equals(answered), item.hard().get(token));
        }
    }

    private void addSets(EvalTask.Item item, HeadPrediction answer) {
        TokenLabelSets truth = item.example().getTarget().getTokenLabelSets();
        int width = truth.getLabelsCount();
        BitSet answered = answer.hasLabels() ? new BitSet() : bits(truth, answer.getTokenLabelSets());
        Set<String> set = Set.copyOf(answer.getLabels().getLabelsList());
        for (int token = 0; token < truth.getTokensCount(); token++) {
            if (truth.getTokens(token).getUnknown()) {
                continue;
            }
            Set<Integer> present = Set.copyOf(truth.getTokens(token).getIndicesList());
            boolean missing =
                    !answer.hasLabels() && token >= answer.getTokenLabelSets().getTokensCount();
            for (int bit = 0; bit < width; bit++) {
                int index = token * width + bit;
                boolean predicted = answer.hasLabels() ? set.contains(Targets.bit(index)) : answered.get(index);
                count(
                        !missing && predicted == present.contains(bit),
                        item.hard().get(index));
            }
        }
    }

    /** Indices of the bits that an answer sets, independent of the order of its labels. */
    private static BitSet bits(TokenLabelSets truth, TokenLabelSetsPrediction answer) {
        int width = truth.getLabelsCount();
        int[] indices = answer.getLabelsList().stream()
                .mapToInt(truth.getLabelsList()::indexOf)
                .toArray();
        BitSet bits = new BitSet();
        for (int token = 0; token < answer.getTokensCount(); token++) {
            for (int label : answer.getTokens(token).getIndicesList()) {
                if (indices[label] >= 0) {
                    bits.set(token * width + indices[label]);
                }
            }
        }
        return bits;
    }

    private void count(boolean isRight, boolean isHard) {
        total++;
        right += isRight ? 1 : 0;
        hardTotal += isHard ? 1 : 0;
        hardRight += isHard && isRight ? 1 : 0;
    }

    /** Share of all labels that were correct; 0 before the first. */
    synchronized double all() {
        return total == 0 ? 0 : (double) right / total;
    }

    /** Share of the hard labels that were correct; 0 if there is none. */
    synchronized double hard() {
        return hardTotal == 0 ? 0 : (double) hardRight / hardTotal;
    }

    synchronized long total() {
        return total;
    }
}
