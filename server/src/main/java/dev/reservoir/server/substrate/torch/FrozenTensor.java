// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.torch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * One weight: its name, shape and values.
 *
 * @param name as messages call it
 * @param shape sizes, row-major
 * @param values little-endian f32, from position 0 to the limit
 */
public record FrozenTensor(String name, long[] shape, ByteBuffer values) {
    public FrozenTensor {
        long count = 1;
        for (long size : shape) {
            count = Math.multiplyExact(count, size);
        }
        if (values.remaining() != count * Float.BYTES) {
            throw new IllegalArgumentException("weight " + name + ": " + values.remaining() + " bytes (expected: "
                    + count * Float.BYTES + " for shape " + Arrays.toString(shape) + ")");
        }
    }

    /** The values, row-major. */
    public FloatBuffer floats() {
        return values.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }

    /** This tensor, or a failure that says what was expected. */
    public FrozenTensor requireShape(long... expected) {
        if (!Arrays.equals(shape, expected)) {
            throw new IllegalArgumentException("weight " + name + ": shape " + Arrays.toString(shape) + " (expected: "
                    + Arrays.toString(expected) + ")");
        }
        return this;
    }

    /** This tensor, or a failure that names the first value that is not finite. */
    public FrozenTensor requireFinite() {
        FloatBuffer floats = floats();
        for (int i = 0; i < floats.limit(); i++) {
            float value = floats.get(i);
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException(
                        "weight " + name + ": " + value + " at " + i + " (expected: finite numbers)");
            }
        }
        return this;
    }
}
