// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import org.jspecify.annotations.Nullable;

/**
 * What the figures of passes and training steps must reach on a processor.
 *
 * @param bf16 whether the processor multiplies bf16 natively
 */
record Targets(boolean bf16) {
    private static final Shape MIDDLE = new Shape(8, 64);

    /** Over the bare product of the same precision. */
    @Nullable
    Target overBare(String precision, Shape shape) {
        if (!shape.equals(MIDDLE)) {
            return null;
        }
        if (bf16) {
            return precision.equals("bf16") ? Target.atLeast(0.75) : null;
        }
        return Target.atLeast(0.95);
    }

    @Nullable
    Target overDjl(Shape shape) {
        return bf16 && shape.equals(MIDDLE) ? Target.atLeast(3) : null;
    }

    @Nullable
    Target overOnnxRuntime(Shape shape) {
        if (bf16) {
            return shape.equals(MIDDLE) ? Target.atLeast(1.7) : null;
        }
        return Target.atLeast(1);
    }

    /** The time of the heads one after the other, divided by that of all of them in one step, 16 tokens. */
    @Nullable
    Target fusedOverSequential(int heads, int examples) {
        if (heads != 32 || examples > 4) {
            return null;
        }
        if (examples == 1) {
            return Target.atLeast(bf16 ? 5 : 3.5);
        }
        return Target.atLeast(bf16 ? 2 : 1.5);
    }

    /** The rate over that of DJL's operators with as many heads, one example of 16 tokens each. */
    Target trainingOverDjl(int heads) {
        if (heads == 1) {
            return Target.atLeast(1.5);
        }
        return Target.atLeast(bf16 ? 3.5 : 1.3);
    }

    /** Over the bare product of the same precision. */
    Target trainingOverBare() {
        return Target.atLeast(bf16 ? 0.70 : 0.80);
    }
}
