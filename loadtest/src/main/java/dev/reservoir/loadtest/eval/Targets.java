// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.LabelSequence;
import dev.reservoir.v1.LabelSet;
import dev.reservoir.v1.MultiLabel;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.TokenLabelSet;
import dev.reservoir.v1.TokenLabelSets;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Targets of bits, one or several per token, and the same bits as a set of labels: bit {@code n} of all tokens is the
 * label {@code bit-n}.
 */
final class Targets {
    static final String ZERO = "0";
    static final String ONE = "1";
    static final List<String> BITS = List.of(ZERO, ONE);

    private Targets() {}

    /**
     * @param unscored tokens before those that have a target
     * @param bits the targets, one per token
     */
    static Target perToken(int unscored, List<Integer> bits) {
        LabelSequence.Builder labels = LabelSequence.newBuilder();
        IntStream.range(0, unscored).forEach(token -> labels.addLabels(""));
        bits.forEach(bit -> labels.addLabels(BITS.get(bit)));
        return Target.newBuilder().setTokenLabels(labels).build();
    }

    /**
     * Targets of {@code width} bits per token: the label {@code bit-n} is present if bit {@code n} of the token is set.
     *
     * @param unscored tokens before those that have a target
     * @param bits the targets, token after token
     */
    static Target perToken(int unscored, int width, boolean[] bits) {
        TokenLabelSets.Builder sets = TokenLabelSets.newBuilder().addAllLabels(bitsOfAToken(width));
        for (int token = 0; token < unscored; token++) {
            sets.addTokensBuilder().setUnknown(true);
        }
        for (int first = 0; first < bits.length; first += width) {
            TokenLabelSet.Builder set = sets.addTokensBuilder();
            for (int bit = 0; bit < width; bit++) {
                if (bits[first + bit]) {
                    set.addIndices(bit);
                }
            }
        }
        return Target.newBuilder().setTokenLabelSets(sets).build();
    }

    /** Labels of the bits of one token. */
    static List<String> bitsOfAToken(int width) {
        return IntStream.range(0, width).mapToObj(Targets::bit).toList();
    }

    /** The task of predicting the last {@code scored} of {@code all} bits of the tokens as a set. */
    static MultiLabel asSet(int all, int scored) {
        List<String> labels =
                IntStream.range(all - scored, all).mapToObj(Targets::bit).toList();
        return MultiLabel.newBuilder().addAllLabels(labels).setMaxLabels(scored).build();
    }

    /** Converts an example of a task per token into one of the same task as a set; returns others unchanged. */
    static Example asSet(Example example) {
        if (example.getTarget().hasTokenLabelSets()) {
            return example.toBuilder()
                    .setTarget(Target.newBuilder()
                            .setLabels(asSet(example.getTarget().getTokenLabelSets())))
                    .build();
        }
        if (!example.getTarget().hasTokenLabels()) {
            return example;
        }
        List<String> tokens = example.getTarget().getTokenLabels().getLabelsList();
        LabelSet.Builder set = LabelSet.newBuilder();
        for (int token = 0; token < tokens.size(); token++) {
            if (tokens.get(token).equals(ONE)) {
                set.addLabels(bit(token));
            }
        }
        return example.toBuilder().setTarget(Target.newBuilder().setLabels(set)).build();
    }

    private static LabelSet.Builder asSet(TokenLabelSets tokens) {
        int width = tokens.getLabelsCount();
        LabelSet.Builder set = LabelSet.newBuilder();
        for (int token = 0; token < tokens.getTokensCount(); token++) {
            for (int bit : tokens.getTokens(token).getIndicesList()) {
                set.addLabels(bit(token * width + bit));
            }
        }
        return set;
    }

    /** The label of a bit that is set. */
    static String bit(int index) {
        return "bit-" + index;
    }
}
