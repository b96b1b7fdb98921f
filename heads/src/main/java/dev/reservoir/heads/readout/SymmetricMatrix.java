// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import ai.djl.ndarray.NDManager;
import java.nio.DoubleBuffer;

/**
 * A symmetric matrix {@code [W, W]} of doubles. Row {@code n} of a product depends on row {@code n} of the factor
 * alone, if the factor has as many rows as {@link RowProducts#padded} says. Not thread-safe; any number of threads may
 * multiply by it while none writes.
 */
interface SymmetricMatrix extends AutoCloseable {
    /**
     * Up to 128 features and the intercept, plain loops cost a fourth to a third of native products for one row, and
     * for a block of rows as much or less up to 64.
     */
    int NARROW = 129;

    /** Least width {@code W >= size} that can be stored. */
    static int width(int size) {
        return size <= NARROW ? size : BlockMatrix.width(size);
    }

    /** Bytes of the Java heap that a matrix of that size takes. */
    static long heapBytes(int size) {
        return size <= NARROW ? Double.BYTES * (long) size * size : 0;
    }

    /** Bytes of native memory that a matrix of that size takes. */
    static long nativeBytes(int size) {
        return size <= NARROW ? 0 : BlockMatrix.bytes(size);
    }

    /** {@code diagonal} in the first {@code size} places of the diagonal, else zeros. */
    static SymmetricMatrix of(NDManager manager, int size, double diagonal) {
        return size <= NARROW ? new NarrowMatrix(size, diagonal) : new BlockMatrix(manager, size, diagonal);
    }

    /** How many doubles {@link #writeTo} writes for a matrix of that size: all that it stores. */
    static long storedNumbers(int size) {
        return (heapBytes(size) + nativeBytes(size)) / Double.BYTES;
    }

    SymmetricMatrix copy();

    /** Writes what is stored of it, {@link #storedNumbers} doubles. */
    void writeTo(DoubleBuffer out);

    /** Overwrites it with what {@link #writeTo} wrote. */
    void readFrom(DoubleBuffer in);

    double get(int row, int column);

    /** Sets the element and its mirror image. */
    void set(int row, int column, double value);

    /** Writes row {@code row} into {@code out[at .. at + W)}. */
    void row(int row, double[] out, int at);

    /** {@code X M}: {@code x [rows, W]} gives {@code [rows, W]}. */
    double[] multiply(double[] x, int rows);

    /**
     * {@code M = (M - G^T G) scale} for {@code g [rows, W]}. A call that fails may have done a part of the work;
     * repeating it does the rest, and nothing else may be called before it succeeds.
     */
    void subtractSquare(double[] g, int rows, double scale);

    long bytes();

    @Override
    void close();
}
