// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import java.util.Arrays;

/**
 * Products of matrices with few columns. Each row of a second factor is an array of its own, and four of them are added
 * in one loop, because the compiler turns that into vector instructions: 16 to 20 GFLOP/s, where offsets into one array
 * give 4 to 6. Sums are always made in the same order, so row {@code n} of a product depends on row {@code n} of its
 * first factor alone.
 */
final class NarrowProducts {
    private NarrowProducts() {}

    /** The rows of {@code b [inner, columns]}. */
    static double[][] rows(double[] b, int columns) {
        double[][] rows = new double[b.length / columns][];
        for (int k = 0; k < rows.length; k++) {
            rows[k] = Arrays.copyOfRange(b, k * columns, (k + 1) * columns);
        }
        return rows;
    }

    /** The columns of {@code b [rows, inner]}. */
    static double[][] columns(double[] b, int inner) {
        double[][] columns = new double[inner][b.length / inner];
        for (int k = 0; k < inner; k++) {
            double[] column = columns[k];
            for (int n = 0; n < column.length; n++) {
                column[n] = b[n * inner + k];
            }
        }
        return columns;
    }

    /**
     * {@code A B} for {@code a [rows, inner]} and the rows of {@code b [inner, ...]}, as {@code [rows, columns]}. What
     * {@code b} has less than so many rows and columns is zero.
     */
    static double[] times(double[] a, int rows, double[][] b, int inner, int columns) {
        double[] product = new double[rows * columns];
        double[] row = new double[b.length == 0 ? 0 : b[0].length];
        for (int n = 0; n < rows; n++) {
            Arrays.fill(row, 0);
            add(row, a, n * inner, b);
            System.arraycopy(row, 0, product, n * columns, row.length);
        }
        return product;
    }

    /** {@code M -= G^T G} for the rows of {@code m [width, width]} and {@code g [rows, width]}. */
    static void subtractSquare(double[][] m, double[] g, int rows) {
        double[][] factors = rows(g, m.length);
        double[] column = new double[rows];
        for (int i = 0; i < m.length; i++) {
            for (int n = 0; n < rows; n++) {
                column[n] = -factors[n][i];
            }
            // Element (i, j) sums the same products in the same order as (j, i).
            add(m[i], column, 0, factors);
        }
    }

    /** Adds to a row the sum over {@code k} of {@code factors[from + k]} times row {@code k} of {@code b}. */
    private static void add(double[] row, double[] factors, int from, double[][] b) {
        int k = 0;
        for (; k + 3 < b.length; k += 4) {
            int at = from + k;
            addFour(row, b, k, factors[at], factors[at + 1], factors[at + 2], factors[at + 3]);
        }
        for (; k < b.length; k++) {
            double factor = factors[from + k];
            double[] x = b[k];
            for (int j = 0; j < row.length; j++) {
                row[j] += factor * x[j];
            }
        }
    }

    private static void addFour(double[] row, double[][] b, int k, double f0, double f1, double f2, double f3) {
        double[] x0 = b[k];
        double[] x1 = b[k + 1];
        double[] x2 = b[k + 2];
        double[] x3 = b[k + 3];
        for (int j = 0; j < row.length; j++) {
            row[j] += (f0 * x0[j] + f1 * x1[j]) + (f2 * x2[j] + f3 * x3[j]);
        }
    }
}
