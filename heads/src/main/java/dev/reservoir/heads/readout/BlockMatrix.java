// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.DoubleBuffer;

/**
 * A symmetric matrix in native memory, of which only the blocks on and below the diagonal are stored: 4.5 bytes per
 * element if it is wide. It is symmetric by construction.
 *
 * <p>A product is always padded with zeros to the rows of one whole block of examples: libraries choose a kernel by the
 * shape, and a row's result must not depend on how many rows come with it.
 */
final class BlockMatrix implements SymmetricMatrix {
    /** Up to this size the whole square is one block. */
    private static final int ONE_BLOCK = 256;
    /** Blocks on the diagonal of a wider matrix, and the largest block. */
    private static final int BLOCKS = 8;

    private static final int LARGEST_BLOCK = 256;

    private final NDManager manager;
    private final int width;
    private final int side;
    /** Block row {@code I}: {@code [side, (I + 1) side]}. */
    private final NDArray[] lower;
    /** Its part left of the diagonal block, transposed: {@code [I side, side]}, a view. */
    private final NDArray[] upper;
    /** The columns left of block column {@code I}. */
    private final NDIndex[] leftOf;
    /** The same memory as {@link #lower}. */
    private final DoubleBuffer[] values;
    /** Block rows that the subtraction under way has finished. */
    private int subtracted;

    /** Least width {@code W >= size} that falls into equal blocks. */
    static int width(int size) {
        int blocks = blocks(size);
        return (size + blocks - 1) / blocks * blocks;
    }

    /** Bytes of the matrix of that size. */
    static long bytes(int size) {
        long blocks = blocks(size);
        long side = width(size) / blocks;
        return Double.BYTES * side * side * blocks * (blocks + 1) / 2;
    }

    private static int blocks(int size) {
        return size <= ONE_BLOCK ? 1 : Math.max(BLOCKS, (size + LARGEST_BLOCK - 1) / LARGEST_BLOCK);
    }

    /** {@code diagonal} in the first {@code size} places of the diagonal, else zeros. */
    BlockMatrix(NDManager manager, int size, double diagonal) {
        this.manager = manager;
        this.width = width(size);
        this.side = width / blocks(size);
        this.lower = new NDArray[width / side];
        this.upper = new NDArray[lower.length];
        this.leftOf = new NDIndex[lower.length];
        this.values = new DoubleBuffer[lower.length];
        allocate();
        for (int i = 0; i < size; i++) {
            set(i, i, diagonal);
        }
    }

    private BlockMatrix(BlockMatrix other) {
        this.manager = other.manager;
        this.width = other.width;
        this.side = other.side;
        this.lower = new NDArray[other.lower.length];
        this.upper = new NDArray[other.lower.length];
        this.leftOf = new NDIndex[other.lower.length];
        this.values = new DoubleBuffer[other.lower.length];
        allocate();
        for (int i = 0; i < lower.length; i++) {
            values[i].put(0, other.values[i], 0, values[i].capacity());
        }
    }

    private void allocate() {
        try {
            for (int i = 0; i < lower.length; i++) {
                lower[i] = manager.zeros(new Shape(side, (i + 1L) * side), DataType.FLOAT64);
                values[i] = NativeRows.view(lower[i]);
                if (i > 0) {
                    leftOf[i] = new NDIndex(":, :" + i * side);
                    try (NDArray left = lower[i].get(leftOf[i])) {
                        upper[i] = left.transpose();
                    }
                }
            }
        } catch (RuntimeException | Error failure) {
            close();
            throw failure;
        }
    }

    @Override
    public SymmetricMatrix copy() {
        return new BlockMatrix(this);
    }

    @Override
    public void writeTo(DoubleBuffer out) {
        for (DoubleBuffer block : values) {
            out.put(block.duplicate().clear());
        }
    }

    @Override
    public void readFrom(DoubleBuffer in) {
        for (DoubleBuffer block : values) {
            block.put(0, in, in.position(), block.capacity());
            in.position(in.position() + block.capacity());
        }
    }

    @Override
    public double get(int row, int column) {
        int i = Math.max(row, column);
        int j = Math.min(row, column);
        return values[i / side].get(i % side * (i / side + 1) * side + j);
    }

    @Override
    public void set(int row, int column, double value) {
        int i = Math.max(row, column);
        int j = Math.min(row, column);
        int stored = (i / side + 1) * side;
        values[i / side].put(i % side * stored + j, value);
        if (j / side == i / side) {
            values[i / side].put(j % side * stored + i, value);
        }
    }

    /** Writes row {@code row} into {@code out[at .. at + W)}. */
    @Override
    public void row(int row, double[] out, int at) {
        int stored = (row / side + 1) * side;
        values[row / side].get(row % side * stored, out, at, stored);
        for (int i = row + 1; i < width; i++) {
            out[at + i] = get(i, row);
        }
    }

    /**
     * {@code X M}: {@code x [rows, W]} gives {@code [rows, W]}. A row of the result depends on that row of {@code x}
     * alone.
     */
    @Override
    public double[] multiply(double[] x, int rows) {
        double[] product = new double[rows * width]; // (rows, W)
        double[] part = new double[width];
        try (NDManager step = manager.newSubManager()) {
            NDArray whole = NativeRows.of(step, x, rows, width); // (rows, W)
            NDList columns = lower.length == 1 ? new NDList(whole) : whole.split(lower.length, 1);
            for (int i = 0; i < lower.length; i++) {
                // Block row I times the columns I of x, then what its mirror image above the diagonal contributes to
                // the columns I.
                NDArray below = columns.get(i).matMul(lower[i]); // (rows, side) x (side, (I + 1) side)
                add(below, rows, (i + 1) * side, product, 0, part);
                if (i > 0) {
                    NDArray left = whole.get(step, leftOf[i]);
                    NDArray above = left.matMul(upper[i]); // (rows, I side) x (I side, side)
                    add(above, rows, side, product, i * side, part);
                }
            }
        }
        return product;
    }

    private void add(NDArray from, int rows, int columns, double[] product, int at, double[] part) {
        DoubleBuffer buffer = NativeRows.view(from);
        for (int row = 0; row < rows; row++) {
            buffer.get(row * columns, part, 0, columns);
            int to = row * width + at;
            for (int j = 0; j < columns; j++) {
                product[to + j] += part[j];
            }
        }
    }

    /**
     * {@code M = (M - G^T G) scale} for {@code g [rows, W]}. A call that fails may have done a part of the work;
     * repeating it does the rest, and nothing else may be called before it succeeds.
     */
    @Override
    public void subtractSquare(double[] g, int rows, double scale) {
        try (NDManager step = manager.newSubManager()) {
            NDArray whole = NativeRows.of(step, g, rows, width); // (rows, W)
            NDList columns = lower.length == 1 ? new NDList(whole) : whole.split(lower.length, 1);
            // Made here, so that nothing can fail between the two changes of a block row.
            NDArray factor = step.create(scale);
            for (; subtracted < lower.length; subtracted++) {
                int i = subtracted;
                NDArray own = columns.get(i).transpose(); // (side, rows)
                NDArray left = i + 1 == lower.length ? whole : whole.get(step, leftOf[i + 1]);
                try (NDArray square = own.matMul(left)) { // (side, (I + 1) side)
                    lower[i].subi(square);
                    if (scale != 1) {
                        lower[i].muli(factor);
                    }
                }
            }
        }
        subtracted = 0;
    }

    @Override
    public long bytes() {
        return Double.BYTES * (long) side * side * lower.length * (lower.length + 1) / 2;
    }

    @Override
    public void close() {
        for (int i = 0; i < lower.length; i++) {
            if (upper[i] != null) {
                upper[i].close();
            }
            if (lower[i] != null) {
                lower[i].close();
            }
        }
    }
}
