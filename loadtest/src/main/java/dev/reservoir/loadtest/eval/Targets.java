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

/** Bits asked one or several a token, and the same bits asked as a set of labels: bit {@code n} of all is the label {@code bit-n}. */
final class Targets {
    static final String ZERO = "0";
    static final String ONE = "1";
    static final List<String> BITS = List.of(ZERO, ONE);

    private Targets() {}

    /**
     * @param unasked tokens before those that are asked
     * @param bits what is asked, one a token
     */
    static Target perToken(int unasked, List<Integer> bits) {
        LabelSequence.Builder labels = LabelSequence.newBuilder();
        IntStream.range(0, unasked).forEach(token -> labels.addLabels(""));
        bits.forEach(bit -> labels.addLabels(BITS.get(bit)));
        return Target.newBuilder().setTokenLabels(labels).build();
    }

    /**
     * Bits asked {@code width} a token: the label {@code bit-n} holds where bit {@code n} of the token is set.
     *
     * @param unasked tokens before those that are asked
     * @param bits what is asked, token after token
     */
    static Target perToken(int unasked, int width, boolean[] bits) {
        TokenLabelSets.Builder sets = TokenLabelSets.newBuilder().addAllLabels(bitsOfAToken(width));
        for (int token = 0; token < unasked; token++) {
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

    /** The task that asks for the last {@code asked} of {@code all} bits of the tokens as a set. */
    static MultiLabel asSet(int all, int asked) {
        List<String> labels =
                IntStream.range(all - asked, all).mapToObj(Targets::bit).toList();
        return MultiLabel.newBuilder().addAllLabels(labels).setMaxLabels(asked).build();
    }

    /** An example of a task per token as one of the same task as a set; others as they are. */
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

    /** The label that says that a bit is set. */
    static String bit(int place) {
        return "bit-" + place;
    }
}
