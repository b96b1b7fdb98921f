package dev.reservoir.loadtest.bench;

import org.jspecify.annotations.Nullable;

/**
 * What the figures of the forward pass must reach on a processor.
 *
 * @param bf16 whether it multiplies bf16 itself
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
}
