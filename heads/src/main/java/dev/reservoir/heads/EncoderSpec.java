// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static dev.reservoir.heads.Refused.checkRange;

/**
 * How hidden states become features.
 *
 * @param featureWidth width of the seeded projection of {@link Pooling#FLATTEN}, 16 to 8,192
 * @param inputSkip whether the raw input stands beside the pooled hidden states
 */
public record EncoderSpec(Pooling pooling, int featureWidth, boolean inputSkip) {

    /** What the readout sees of the hidden states {@code [T, D]}. */
    public enum Pooling {
        /** {@code [D]}, the mean over tokens. */
        MEAN,
        /** {@code [D]}, the last token's. */
        LAST,
        /** {@code [D]}, the first token's. */
        FIRST,
        /** {@code [maxTokens x D]}, all tokens in a row; those that a shorter sequence lacks are 0. */
        CONCATENATE,
        /** {@code [featureWidth]}, all tokens in a row through a seeded random projection. */
        FLATTEN,
        /** Nothing: the raw input alone, without a pass of the substrate. The control. */
        INPUT_ONLY,
        /** {@code [T, D]}, each token's own; what tasks per token read. */
        PER_TOKEN
    }

    public EncoderSpec {
        checkRange("encoder.feature_width", featureWidth, 16, 8_192);
    }
}
