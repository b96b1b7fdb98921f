// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.torch;

/** How the products with frozen weights run inside a program; {@code matmul.py} defines the modes. */
public enum Products {
    /** f32 on a processor, by oneDNN's packed products. */
    PACKED_F32(0, false),
    /** f32, by the library's own choice of kernel. */
    PLAIN_F32(1, false),
    /** bf16, by the library's own choice of kernel. */
    PLAIN_BF16(1, true);

    private final int mode;
    private final boolean bf16;

    Products(int mode, boolean bf16) {
        this.mode = mode;
        this.bf16 = bf16;
    }

    /** The mode's number in the program. */
    public int mode() {
        return mode;
    }

    /** Whether the weights are stored in bf16. */
    public boolean bf16() {
        return bf16;
    }

    /** The number type as options, messages and the protocol call it. */
    public String precision() {
        return bf16 ? "bf16" : "f32";
    }

    /** Bytes per element of a weight matrix. */
    public int weightBytes() {
        return bf16 ? 2 : Float.BYTES;
    }
}
