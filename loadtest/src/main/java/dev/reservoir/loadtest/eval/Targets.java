package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.LabelSequence;
import dev.reservoir.v1.LabelSet;
import dev.reservoir.v1.MultiLabel;
import dev.reservoir.v1.Target;
import java.util.List;
import java.util.stream.IntStream;

/** Bits asked one a token, and the same bits asked as a set of labels: bit {@code n} is the label {@code bit-n}. */
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

    /** The task that asks for the last {@code asked} of {@code tokens} bits as a set. */
    static MultiLabel asSet(int tokens, int asked) {
        List<String> labels =
                IntStream.range(tokens - asked, tokens).mapToObj(Targets::bit).toList();
        return MultiLabel.newBuilder().addAllLabels(labels).setMaxLabels(asked).build();
    }

    /** An example of a task per token as one of the same task as a set; others as they are. */
    static Example asSet(Example example) {
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

    /** The label that says that the bit of a token is set. */
    static String bit(int token) {
        return "bit-" + token;
    }
}
