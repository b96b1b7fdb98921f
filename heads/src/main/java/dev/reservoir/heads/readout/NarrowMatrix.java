// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import java.nio.DoubleBuffer;

/** A small symmetric matrix, stored whole in arrays. */
final class NarrowMatrix implements SymmetricMatrix {
    private final double[][] rows;

    /** {@code diagonal} on the diagonal, else zeros. */
    NarrowMatrix(int width, double diagonal) {
        this.rows = new double[width][width];
        for (int i = 0; i < width; i++) {
            rows[i][i] = diagonal;
        }
    }

    private NarrowMatrix(NarrowMatrix other) {
        this.rows = new double[other.rows.length][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = other.rows[i].clone();
        }
    }

    @Override
    public SymmetricMatrix copy() {
        return new NarrowMatrix(this);
    }

    @Override
    public void writeTo(DoubleBuffer out) {
        for (double[] row : rows) {
            out.put(row);
        }
    }

    @Override
    public void readFrom(DoubleBuffer in) {
        for (double[] row : rows) {
            in.get(row);
        }
    }

    @Override
    public double get(int row, int column) {
        return rows[row][column];
    }

    @Override
    public void set(int row, int column, double value) {
        rows[row][column] = value;
        rows[column][row] = value;
    }

    @Override
    public void row(int row, double[] out, int at) {
        System.arraycopy(rows[row], 0, out, at, rows.length);
    }

    @Override
    public double[] multiply(double[] x, int count) {
        return NarrowProducts.times(x, count, rows, rows.length, rows.length);
    }

    @Override
    public void subtractSquare(double[] g, int count, double scale) {
        NarrowProducts.subtractSquare(rows, g, count);
        if (scale != 1) {
            for (double[] row : rows) {
                for (int j = 0; j < row.length; j++) {
                    row[j] *= scale;
                }
            }
        }
    }

    @Override
    public long bytes() {
        return (long) Double.BYTES * rows.length * rows.length;
    }

    /** Does nothing: the memory is the heap's. */
    @Override
    public void close() {}
}
