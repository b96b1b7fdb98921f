// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static dev.reservoir.heads.Refused.checkRange;

/**
 * How hidden states become features.
 *
 * @param featureWidth width of the seeded projection of {@link Pooling#FLATTEN}, 16 to 8,192
 * @param inputSkip whether the raw input is appended to the pooled hidden states
 */
public record EncoderSpec(Pooling pooling, int featureWidth, boolean inputSkip) {

    /** How the hidden states {@code [T, D]} are pooled into what the readout reads. */
    public enum Pooling {
        /** {@code [D]}, the mean over tokens. */
        MEAN,
        /** {@code [D]}, the last token's. */
        LAST,
        /** {@code [D]}, the first token's. */
        FIRST,
        /** {@code [maxTokens x D]}, all tokens concatenated; zero-padded if the sequence is shorter. */
        CONCATENATE,
        /** {@code [featureWidth]}, all tokens concatenated, then mapped by a seeded random projection. */
        FLATTEN,
        /** Nothing: the raw input alone, without a pass through the substrate. Serves as a control. */
        INPUT_ONLY,
        /** {@code [T, D]}, each token's own hidden state; used by tasks per token. */
        PER_TOKEN
    }

    public EncoderSpec {
        checkRange("encoder.feature_width", featureWidth, 16, 8_192);
    }
}
