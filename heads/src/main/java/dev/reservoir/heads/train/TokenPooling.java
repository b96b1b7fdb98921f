// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.math.Vectors;

/**
 * Hidden states {@code [T, D]} to features, and gradients back. Linear in the hidden states, with no parameters of its
 * own.
 *
 * @param maxTokens most {@code T}
 * @param width {@code D}
 */
record TokenPooling(Pooling pooling, int maxTokens, int width) {
    TokenPooling {
        if (pooling == Pooling.FLATTEN || pooling == Pooling.INPUT_ONLY) {
            throw new IllegalArgumentException("pooling: " + pooling + " (expected: one that a gradient goes through)");
        }
    }

    static TokenPooling of(HeadSpec spec, SubstrateInfo substrate) {
        return new TokenPooling(spec.encoder().pooling(), spec.modality().maxTokens(), substrate.width());
    }

    /** {@code F}. */
    int featureWidth() {
        return pooling == Pooling.CONCATENATE ? Math.multiplyExact(maxTokens, width) : width;
    }

    /** Rows of features of a sequence. */
    int rows(int tokens) {
        return pooling == Pooling.PER_TOKEN ? tokens : 1;
    }

    /** Features {@code [rows, F]} of a sequence. */
    float[] pool(HiddenStates hidden, int sequence) {
        int tokens = hidden.tokens(sequence);
        int start = hidden.start(sequence);
        float[] features = new float[rows(tokens) * featureWidth()];
        switch (pooling) {
            case FIRST -> System.arraycopy(hidden.values(), start, features, 0, width);
            case LAST -> System.arraycopy(hidden.values(), start + (tokens - 1) * width, features, 0, width);
            case MEAN -> {
                float share = 1f / tokens;
                for (int t = 0; t < tokens; t++) {
                    Vectors.add(share, hidden.values(), start + t * width, features, 0, width);
                }
            }
            case CONCATENATE, PER_TOKEN -> System.arraycopy(hidden.values(), start, features, 0, tokens * width);
            case FLATTEN, INPUT_ONLY -> throw new IllegalStateException("pooling: " + pooling);
        }
        return features;
    }

    /**
     * The backward pass.
     *
     * @param featureGradient {@code (R, F)}
     * @param hiddenGradient receives {@code (T, D)} from {@code start} on, which must be zero there
     */
    void backward(float[] featureGradient, int tokens, float[] hiddenGradient, int start) {
        switch (pooling) {
            case FIRST -> System.arraycopy(featureGradient, 0, hiddenGradient, start, width);
            case LAST -> System.arraycopy(featureGradient, 0, hiddenGradient, start + (tokens - 1) * width, width);
            case MEAN -> {
                float share = 1f / tokens;
                for (int t = 0; t < tokens; t++) {
                    Vectors.add(share, featureGradient, 0, hiddenGradient, start + t * width, width);
                }
            }
            case CONCATENATE, PER_TOKEN -> System.arraycopy(featureGradient, 0, hiddenGradient, start, tokens * width);
            case FLATTEN, INPUT_ONLY -> throw new IllegalStateException("pooling: " + pooling);
        }
    }
}
