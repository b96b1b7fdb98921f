// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.nio.ByteBuffer;
import java.util.function.IntUnaryOperator;

/**
 * A tensor with a name and a shape, read in place: nothing is copied.
 *
 * @param shape sizes, row-major; their product fits an int
 * @param bits of the element at an index: those of a float, or the integer itself; the same at every call
 */
public record NamedTensor(String name, Type type, int[] shape, IntUnaryOperator bits) {

    /** Elements have four bytes in either type. */
    public enum Type {
        F32,
        I32
    }

    public NamedTensor {
        long count = 1;
        for (int size : shape) {
            count = size < 0 ? -1 : count * size;
            if (count < 0 || count > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("tensor " + name + ": size " + size
                        + " (expected: sizes of at least 0 whose product is at most " + Integer.MAX_VALUE + ")");
            }
        }
    }

    /** Floats laid out as the shape says; the array may be longer and must never be written again. */
    public static NamedTensor of(String name, float[] values, int... shape) {
        return new NamedTensor(name, Type.F32, shape, i -> Float.floatToRawIntBits(values[i]));
    }

    /** Columns {@code from} to {@code from + in} of rows {@code [out][...]}, transposed to {@code [in, out]}. */
    public static NamedTensor transposed(String name, float[][] rows, int out, int from, int in) {
        return new NamedTensor(
                name, Type.F32, new int[] {in, out}, i -> Float.floatToRawIntBits(rows[i % out][from + i / out]));
    }

    /** The number of elements. */
    public int count() {
        int count = 1;
        for (int size : shape) {
            count *= size;
        }
        return count;
    }

    public float floatAt(int index) {
        return Float.intBitsToFloat(bits.applyAsInt(index));
    }

    /** Writes the elements from {@code from} on, as many as fit. */
    public void copyTo(ByteBuffer target, int from) {
        int end = from + target.remaining() / Integer.BYTES;
        for (int i = from; i < end; i++) {
            target.putInt(bits.applyAsInt(i));
        }
    }
}
