// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import org.jspecify.annotations.Nullable;

/**
 * Turns observations of one modality into features, around a pass through the substrate that the caller runs:
 * {@link #admit} and {@link #encode} before it, {@link #features} after it. Immutable; any number of threads may call
 * at once. The encoder of a {@code READOUT} head is shared by all heads with equal modality and encoder; that of an
 * {@code FPT} head belongs to one snapshot.
 */
public interface ObservationEncoder {

    /**
     * Identity of its features. Null for an encoder that belongs to one snapshot of a head: its features change with
     * what the head learns, so they are not to be cached.
     */
    @Nullable
    EncoderKey key();

    /** The norms that its pass uses; null for the substrate's own. */
    default TunableSubstrate.@Nullable NormRow norms() {
        return null;
    }

    /** Whether features need a pass of the substrate. */
    boolean readsSubstrate();

    /** Width {@code F} of a row of features. */
    int featureWidth();

    /** What admits and decodes its observations. Encoders of one modality on one substrate share a reader. */
    ObservationReader reader();

    /** See {@link ObservationReader#admit}. */
    default AdmittedObservation admit(Observation observation) {
        return reader().admit(observation);
    }

    /** Encodes an observation that its reader admitted, or refuses it if its content is malformed. */
    Encoded encode(AdmittedObservation observation);

    /**
     * Pools hidden states into features.
     *
     * @param hidden states of the pass that read {@link Encoded#input}; null if that is null
     * @param sequence which of its sequences
     */
    Features features(Encoded encoded, @Nullable HiddenStates hidden, int sequence);

    /**
     * Exports the tensors and settings by which features are computed from input rows or token ids.
     *
     * @throws Refused TOO_LARGE if a map is too large to be exported
     */
    void visitParts(PartVisitor parts);

    /**
     * @param input what the substrate reads; null if the features need no pass
     * @param rawInput the observation itself, {@code [rows, width]}, as it appears in the features; empty if they have
     *     none
     * @param rows rows of the features: 1, or one per token
     * @param scale see {@link Features#scale}
     */
    record Encoded(@Nullable SubstrateInput input, float[] rawInput, int rows, Features.@Nullable Scale scale) {
        /** Tokens the substrate reads. */
        public int tokens() {
            return input == null ? 0 : input.tokens();
        }
    }
}
