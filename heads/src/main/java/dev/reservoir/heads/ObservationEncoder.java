package dev.reservoir.heads;

import org.jspecify.annotations.Nullable;

/**
 * Turns observations of one modality into features, around a pass of the substrate that somebody else runs: {@link #admit} and {@link
 * #encode} before it, {@link #features} after it. Immutable; any number of threads may call at once. That of a {@code READOUT} head is
 * shared by all heads of equal modality and encoder, that of an {@code FPT} head belongs to one snapshot.
 */
public interface ObservationEncoder {

    /** Identity: encoders with equal keys over one substrate give equal features, bit for bit. */
    String key();

    /** The norms that its pass runs with; null for the substrate's own. Features of a pass with norms of its own are not worth keeping. */
    default Substrate.@Nullable NormRow norms() {
        return null;
    }

    /** Width {@code F} of a row of features. */
    int featureWidth();

    /**
     * The cheap half of the border: refuses a wrong modality and wrong sizes without decoding, and estimates the work.
     *
     * @return tokens the substrate will read for it, an upper estimate, 0 where it reads none
     */
    int admit(Observation observation);

    /** Decodes and checks an observation, or refuses it. */
    Encoded encode(Observation observation);

    /**
     * Pools hidden states into features.
     *
     * @param hidden states of the pass that read {@link Encoded#input}; null where that is null
     * @param sequence which of its sequences
     */
    Features features(Encoded encoded, @Nullable HiddenStates hidden, int sequence);

    /**
     * Shows what features are computed from rows of numbers, or from token ids, with.
     *
     * @throws Refused TOO_LARGE where a map is too large to be written out
     */
    void visitParts(PartVisitor parts);

    /**
     * @param input what the substrate reads, null where the features need no pass
     * @param rawInput the observation as numbers, {@code [rows, width]} as features will lay it out; empty where they hold no raw input
     * @param rows rows of the features: 1, or one a token
     * @param scale see {@link Features#scale}
     */
    record Encoded(@Nullable SubstrateInput input, float[] rawInput, int rows, Features.@Nullable Scale scale) {
        /** Tokens the substrate reads. */
        public int tokens() {
            return input == null ? 0 : input.tokens();
        }
    }
}
