// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.PartVisitor;

/**
 * The scaling of features before the weights: {@code (x - shift) factor}, clipped to {@code [-limit, limit]}. Never
 * written to once it is shared.
 *
 * @param shift {@code [F]}
 * @param factor {@code [F]}
 */
record Scaling(float[] shift, float[] factor, float limit) {
    /** Writes the row of features at {@code from}, scaled, to {@code out[0 .. F)}. */
    void apply(float[] values, int from, float[] out) {
        apply(values, from, shift, factor, limit, out);
    }

    private static void apply(float[] values, int from, float[] shift, float[] factor, float limit, float[] out) {
        for (int i = 0; i < shift.length; i++) {
            float value = (values[from + i] - shift[i]) * factor[i];
            out[i] = Math.max(-limit, Math.min(limit, value));
        }
    }

    void visitParts(PartVisitor parts) {
        parts.tensor(NamedTensor.of("standard.shift", shift, shift.length));
        parts.tensor(NamedTensor.of("standard.factor", factor, factor.length));
        parts.tensor(NamedTensor.of("standard.limit", new float[] {limit}, 1));
    }
}
