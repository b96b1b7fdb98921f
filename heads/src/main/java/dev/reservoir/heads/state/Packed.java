// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.state;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.reservoir.heads.UnusableState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Arrays of numbers as little-endian bytes. Reading checks the length against what the caller expects before anything
 * is allocated, and that floats and doubles are finite.
 */
public final class Packed {
    private Packed() {}

    public static ByteString of(float[] values) {
        return of(new float[][] {values}, 1);
    }

    /** The first {@code count} rows, one behind the other. */
    public static ByteString of(float[][] rows, int count) {
        ByteBuffer bytes = buffer(count == 0 ? 0 : Math.multiplyExact(Float.BYTES * count, rows[0].length));
        for (int i = 0; i < count; i++) {
            for (float value : rows[i]) {
                bytes.putFloat(value);
            }
        }
        return wrap(bytes);
    }

    public static ByteString of(double[] values) {
        return of(values, values.length);
    }

    /** The first {@code count} values. */
    public static ByteString of(double[] values, int count) {
        ByteBuffer bytes = buffer(Math.multiplyExact(Double.BYTES, count));
        bytes.asDoubleBuffer().put(values, 0, count);
        return wrap(bytes);
    }

    /** The first {@code count} rows, one behind the other. */
    public static ByteString of(double[][] rows, int count) {
        ByteBuffer bytes = buffer(count == 0 ? 0 : Math.multiplyExact(Double.BYTES * count, rows[0].length));
        for (int i = 0; i < count; i++) {
            for (double value : rows[i]) {
                bytes.putDouble(value);
            }
        }
        return wrap(bytes);
    }

    public static ByteString of(long[] values) {
        ByteBuffer bytes = buffer(Math.multiplyExact(Long.BYTES, values.length));
        bytes.asLongBuffer().put(values);
        return wrap(bytes);
    }

    public static ByteString of(int[] values) {
        ByteBuffer bytes = buffer(Math.multiplyExact(Integer.BYTES, values.length));
        bytes.asIntBuffer().put(values);
        return wrap(bytes);
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteString wrap(ByteBuffer bytes) {
        return UnsafeByteOperations.unsafeWrap(bytes.array());
    }

    /**
     * Reads {@code count} floats.
     *
     * @param field the array's name, for the refusal
     * @throws UnusableState DAMAGED
     */
    public static float[] floats(String field, ByteString packed, long count) {
        float[] values = anyFloats(field, packed, count);
        checkFinite(field, values);
        return values;
    }

    /** As {@link #floats}, but they need not be finite. */
    public static float[] anyFloats(String field, ByteString packed, long count) {
        ByteBuffer bytes = checked(field, packed, count, Float.BYTES);
        float[] values = new float[(int) count];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    /** Reads {@code count} rows of {@code width} floats; as {@link #floats}. */
    public static float[][] floatRows(String field, ByteString packed, int count, int width) {
        ByteBuffer bytes = checked(field, packed, (long) count * width, Float.BYTES);
        float[][] rows = new float[count][width];
        for (float[] row : rows) {
            for (int i = 0; i < width; i++) {
                row[i] = bytes.getFloat();
            }
            checkFinite(field, row);
        }
        return rows;
    }

    private static void checkFinite(String field, float[] values) {
        for (float value : values) {
            UnusableState.check(Float.isFinite(value), field, value, "finite numbers");
        }
    }

    /** Reads {@code count} doubles; as {@link #floats}. */
    public static double[] doubles(String field, ByteString packed, long count) {
        double[] values = anyDoubles(field, packed, count);
        for (double value : values) {
            checkFinite(field, value);
        }
        return values;
    }

    /** As {@link #doubles}, but they need not be finite. */
    public static double[] anyDoubles(String field, ByteString packed, long count) {
        ByteBuffer bytes = checked(field, packed, count, Double.BYTES);
        double[] values = new double[(int) count];
        bytes.asDoubleBuffer().get(values);
        return values;
    }

    /** Reads {@code count} rows of {@code width} doubles; as {@link #floats}. */
    public static double[][] doubleRows(String field, ByteString packed, int count, int width) {
        ByteBuffer bytes = checked(field, packed, (long) count * width, Double.BYTES);
        double[][] rows = new double[count][width];
        for (double[] row : rows) {
            for (int i = 0; i < width; i++) {
                row[i] = checkFinite(field, bytes.getDouble());
            }
        }
        return rows;
    }

    /** Refuses a number that is not finite. */
    public static double checkFinite(String field, double value) {
        UnusableState.check(Double.isFinite(value), field, value, "finite numbers");
        return value;
    }

    /** Reads {@code count} integers of 64 bits; as {@link #floats}. */
    public static long[] longs(String field, ByteString packed, long count) {
        ByteBuffer bytes = checked(field, packed, count, Long.BYTES);
        long[] values = new long[(int) count];
        bytes.asLongBuffer().get(values);
        return values;
    }

    /** Reads {@code count} integers of 32 bits; as {@link #floats}. */
    public static int[] ints(String field, ByteString packed, long count) {
        ByteBuffer bytes = checked(field, packed, count, Integer.BYTES);
        int[] values = new int[(int) count];
        bytes.asIntBuffer().get(values);
        return values;
    }

    /** The bytes, which are {@code count} elements. */
    private static ByteBuffer checked(String field, ByteString packed, long count, int elementBytes) {
        UnusableState.check(
                count >= 0 && packed.size() == count * elementBytes,
                field,
                packed.size() + " bytes",
                count + " numbers of " + elementBytes);
        return packed.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }
}
