// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Products of a few rows with large matrices of doubles, in native memory that this owns. Thread-safe.
 *
 * <p>A row's result must not depend on the rows beside it, or what is learned would depend on how a stream is split
 * into calls. Libraries do not promise that: they choose a kernel by the number of rows. So a product is padded with
 * zeros to the rows of a whole block, except for smaller numbers of rows for which this machine was found to give the
 * same bits at that width.
 */
final class RowProducts implements AutoCloseable {
    private static final int[] SMALLER = {32, 16, 8, 4};
    /** Wider ones are not probed: the matrix for that would take more than 35 MB. */
    private static final int WIDEST_TRIED = 2_816;

    private final NDManager manager = NDManager.newBaseManager(Device.cpu());
    /** For each width and block, the padded number of rows for each number of rows. */
    private final Map<Size, int[]> padded = new ConcurrentHashMap<>();

    private record Size(int width, int block) {}

    NDManager manager() {
        return manager;
    }

    /** Probes a width with about ten products, unless that was done before. */
    void prepare(int width, int block) {
        if (width > SymmetricMatrix.NARROW && width <= WIDEST_TRIED) {
            padded.computeIfAbsent(new Size(width, block), this::tryOut);
        }
    }

    /** Rows to pad {@code count} rows to. */
    int padded(int width, int block, int count) {
        if (width <= SymmetricMatrix.NARROW) {
            return count;
        }
        int[] known = padded.get(new Size(width, block));
        return known == null ? block : known[count];
    }

    private int[] tryOut(Size size) {
        int[] rows = new int[size.block + 1];
        Arrays.fill(rows, size.block);
        double[] x = dense(size.block, size.width);
        double[] c = dense(size.block, size.block);
        try (SymmetricMatrix matrix = SymmetricMatrix.of(manager, size.width, 1)) {
            matrix.subtractSquare(x, size.block, 1);
            double[][] whole = products(matrix, x, c, x, 0, size.block, size);
            for (int smaller : SMALLER) {
                if (smaller >= size.block) {
                    continue;
                }
                for (int from = 0; from + smaller <= size.block; from += smaller + 1) {
                    double[][] alone = products(matrix, x, c, x, from, smaller, size);
                    for (int i = 0; i < alone.length; i++) {
                        int length = alone[i].length;
                        int at = from * (length / smaller);
                        if (!Arrays.equals(alone[i], 0, length, whole[i], at, at + length)) {
                            return rows;
                        }
                    }
                }
                Arrays.fill(rows, 0, smaller + 1, smaller);
            }
        }
        return rows;
    }

    /** The three products of a block for {@code count} of its rows. */
    private double[][] products(
            SymmetricMatrix matrix, double[] x, double[] c, double[] u, int from, int count, Size size) {
        double[] z = Arrays.copyOfRange(x, from * size.width, (from + count) * size.width);
        double[] part = Arrays.copyOfRange(c, from * size.block, (from + count) * size.block);
        return new double[][] {
            matrix.multiply(z, count),
            timesTransposed(z, count, u, size.block, size.width),
            times(part, count, u, size.block, size.width)
        };
    }

    /** Numbers without zeros or pattern, so that a different order of additions shows. */
    private static double[] dense(int rows, int width) {
        double[] values = new double[rows * width];
        int state = rows;
        for (int i = 0; i < values.length; i++) {
            state = state * 1_664_525 + 1_013_904_223;
            values[i] = state * 0x1p-31;
        }
        return values;
    }

    /** {@code A B^T} for {@code a [rows, inner]} and {@code b [columns, inner]}, whose last rows, if missing, are 0. */
    double[] timesTransposed(double[] a, int rows, double[] b, int columns, int inner) {
        if (inner <= SymmetricMatrix.NARROW) {
            return NarrowProducts.times(a, rows, NarrowProducts.columns(b, inner), inner, columns);
        }
        try (NDManager step = manager.newSubManager()) {
            NDArray right = NativeRows.of(step, b, columns, inner);
            NDArray left = NativeRows.of(step, a, rows, inner);
            return NativeRows.toArray(left.matMul(right.transpose())); // (rows, columns)
        }
    }

    /** {@code A B} for {@code a [rows, inner]} and {@code b [inner, columns]}, whose last rows, if missing, are 0. */
    double[] times(double[] a, int rows, double[] b, int inner, int columns) {
        if (columns <= SymmetricMatrix.NARROW) {
            return NarrowProducts.times(a, rows, NarrowProducts.rows(b, columns), inner, columns);
        }
        try (NDManager step = manager.newSubManager()) {
            NDArray right = NativeRows.of(step, b, inner, columns);
            NDArray left = NativeRows.of(step, a, rows, inner);
            return NativeRows.toArray(left.matMul(right)); // (rows, columns)
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
