// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.TunableSubstrate.NormRow;
import dev.reservoir.heads.math.Vectors;

/**
 * The inner parameters of an FPT head at one moment: those before and inside the substrate. Never written after
 * construction.
 *
 * @param input {@code (W, D)}; empty for text, whose tokens have the substrate's own word embeddings
 * @param inputBias {@code (D)}; empty for text
 * @param positions {@code (maxTokens, D)}, added to the substrate's own; empty if they do not learn
 */
record FptParameters(float[] input, float[] inputBias, float[] positions, NormRow norms) {

    /** The rows that take the place of token embeddings, {@code (T, D)}. */
    SubstrateInput.Embeddings embed(ObservationRows observation, TunableSubstrate substrate, int width) {
        SubstrateInput.TokenIds ids = observation.tokenIds();
        int tokens = ids == null ? observation.rows() : ids.tokens();
        float[] rows;
        if (ids == null) {
            rows = new float[tokens * width];
            int index = 0;
            for (int t = 0; t < tokens; t++) {
                System.arraycopy(inputBias, 0, rows, t * width, width);
                for (int k = 0; k < observation.valuesPerRow(); k++, index++) {
                    float value = observation.values()[index];
                    if (value != 0) {
                        Vectors.add(value, input, observation.column(t, index) * width, rows, t * width, width);
                    }
                }
            }
        } else {
            rows = substrate.wordEmbeddings(ids.ids());
        }
        if (positions.length > 0) {
            Vectors.add(1, positions, 0, rows, 0, rows.length);
        }
        return new SubstrateInput.Embeddings(rows, tokens);
    }

    void visitParts(int width, PartVisitor parts) {
        if (input.length > 0) {
            parts.tensor(NamedTensor.of("input.weight", input, input.length / width, width));
            parts.tensor(NamedTensor.of("input.bias", inputBias, width));
        }
        if (positions.length > 0) {
            parts.tensor(NamedTensor.of("positions", positions, positions.length / width, width));
        }
        int count = norms.gains().length / width;
        parts.tensor(NamedTensor.of("norms.gain", norms.gains(), count, width));
        parts.tensor(NamedTensor.of("norms.bias", norms.biases(), count, width));
    }
}
