// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate;

/** Number type inside the program; inputs and outputs are f32. */
public enum Precision {
    /** bf16 if the processor supports it natively, else f32. */
    AUTO,
    F32,
    BF16;

    /** The name in options and messages. */
    public String label() {
        return switch (this) {
            case AUTO -> "auto";
            case F32 -> "f32";
            case BF16 -> "bf16";
        };
    }

    /**
     * Parses a label.
     *
     * @throws IllegalArgumentException for any other text
     */
    public static Precision of(String label) {
        for (Precision precision : values()) {
            if (precision.label().equals(label)) {
                return precision;
            }
        }
        throw new IllegalArgumentException("precision: " + label + " (expected: auto, bf16 or f32)");
    }
}
