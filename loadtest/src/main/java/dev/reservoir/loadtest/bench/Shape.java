// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

/** A batch of sequences of equal length. */
record Shape(int sequences, int tokens) {
    int rows() {
        return sequences * tokens;
    }

    @Override
    public String toString() {
        return sequences + "x" + tokens;
    }
}
