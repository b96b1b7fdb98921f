// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import java.util.Arrays;

/**
 * The weights that a rule writes to, copy-on-write: what {@link #share} returned is copied before the next write, so
 * that a snapshot costs nothing until the head learns again, and at most one copy per call of learn.
 */
final class OutputRows {
    private final int features;
    private final int width;
    private float[][] rows = new float[0][];
    private int outputs;
    private boolean shared;

    OutputRows(int features, int width) {
        this.features = features;
        this.width = width;
    }

    /** Rows that are given. */
    OutputRows(int features, int width, float[][] rows) {
        this(features, width);
        this.rows = rows;
        this.outputs = rows.length;
    }

    int outputs() {
        return outputs;
    }

    void grow(int count) {
        if (count <= outputs) {
            return;
        }
        if (count > rows.length) {
            rows = Arrays.copyOf(rows, Math.max(count, Math.min(2 * rows.length, rows.length + 256)));
        } else if (shared) {
            rows = rows.clone();
        }
        for (int i = outputs; i < count; i++) {
            rows[i] = new float[width];
        }
        outputs = count;
    }

    /** The rows, to be written to. */
    float[][] writable() {
        if (shared) {
            float[][] copy = new float[rows.length][];
            for (int i = 0; i < outputs; i++) {
                copy[i] = rows[i].clone();
            }
            rows = copy;
            shared = false;
        }
        return rows;
    }

    /** For reading while no thread writes. */
    Weights view() {
        return new Weights(rows, outputs, features, null);
    }

    Weights share() {
        shared = true;
        return view();
    }

    long bytes() {
        return view().bytes();
    }
}
