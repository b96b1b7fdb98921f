// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/**
 * Hidden states of packed sequences.
 *
 * @param values {@code [sum T, D]}, sequence after sequence
 * @param offsets {@code [B + 1]}; sequence {@code i} is rows {@code offsets[i]} to {@code offsets[i + 1]}
 * @param width {@code D}
 */
public record HiddenStates(float[] values, int[] offsets, int width) {
    public int tokens(int sequence) {
        return offsets[sequence + 1] - offsets[sequence];
    }

    /** Index of the first value of a sequence in {@link #values}. */
    public int start(int sequence) {
        return offsets[sequence] * width;
    }
}
