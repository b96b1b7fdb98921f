// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import org.jspecify.annotations.Nullable;

/**
 * The features of one observation, a function of the observation, the encoder and the substrate alone, so they can be
 * cached by content. Never written after construction.
 *
 * @param values {@code [rows, F]}; one row, or one per token for tasks per token
 * @param tokens tokens the substrate read for it; 0 if it read none
 * @param scale shift and scale of the window, per channel, or null if the series was not normalised; forecasts are
 *     learned in normalised units and answered in the original ones
 */
public record Features(
        float[] values, int rows, int tokens, @Nullable Scale scale) {
    public Features {
        if (rows < 1 || values.length % rows != 0) {
            throw new IllegalArgumentException("rows: " + rows + " (expected: a divisor of " + values.length + ")");
        }
    }

    /** Width {@code F} of a row. */
    public int width() {
        return values.length / rows;
    }

    /** Bytes of heap memory, for bounds on caches. */
    public long bytes() {
        return 64 + 4L * values.length + (scale == null ? 0 : 32 + 8L * scale.shift().length);
    }

    /** Per channel: original = normalised x factor + shift. Factors are positive. */
    public record Scale(float[] shift, float[] factor) {}
}
