// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.math.Vectors;
import org.jspecify.annotations.Nullable;

/**
 * Weights of a readout {@code [C][width]}, one row per output: {@code F} weights, the bias, then zeros. With one row
 * per output a new output is a new row, learning is one long {@code y += a x}, which vectorises, and prediction is a
 * sum over a row.
 *
 * @param scaling applied to features before the weights; null for none
 */
record Weights(
        float[][] rows, int outputs, int features, @Nullable Scaling scaling) {

    /** These weights with another number of outputs and another scaling. */
    Weights with(int otherOutputs, @Nullable Scaling otherScaling) {
        return new Weights(rows, otherOutputs, features, otherScaling);
    }

    /** Scratch space for {@link #answer}, one per thread. */
    float[] scratch() {
        return new float[scaling == null ? 0 : features];
    }

    /** Writes the scores of all outputs for the raw features at {@code from}. */
    void answer(float[] values, int from, float[] scratch, float[] scores) {
        if (scaling == null) {
            apply(values, from, scores, outputs);
        } else {
            scaling.apply(values, from, scratch);
            apply(scratch, 0, scores, outputs);
        }
    }

    /**
     * Writes {@code W x + b} of the first {@code count} outputs. The order of additions is fixed, so that equal inputs
     * give equal bits.
     */
    void apply(float[] values, int from, float[] scores, int count) {
        Vectors.affine(rows, count, features, values, from, scores, 0);
    }

    void visitParts(PartVisitor parts) {
        if (scaling != null) {
            scaling.visitParts(parts);
        }
        parts.tensor(NamedTensor.transposed("readout.weight", rows, outputs, 0, features));
        float[] biases = new float[outputs];
        for (int c = 0; c < outputs; c++) {
            biases[c] = rows[c][features];
        }
        parts.tensor(NamedTensor.of("readout.bias", biases, outputs));
    }

    long bytes() {
        return outputs == 0 ? 0 : (long) outputs * (24 + 4L * rows[0].length);
    }
}
