// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.math.Adam;
import dev.reservoir.heads.state.Packed;
import dev.reservoir.state.v1.Parameters;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Parameters that learn by {@link Adam}, with their moments. A step replaces {@link #value} and never writes to it, so
 * a snapshot can share it without a copy. Not thread-safe.
 */
final class AdamParameter {
    /** Three arrays with their headers. */
    private static final int OVERHEAD = 3 * 16;

    private final Adam.Moments moments;
    private float[] value;
    private float @Nullable [] reserved;
    private int steps;

    /** @param value the initial parameters; not copied and not written to */
    AdamParameter(float[] value) {
        this.value = value;
        this.moments = new Adam.Moments(value.length);
    }

    /**
     * The parameters that a stored state was taken from.
     *
     * @param count how many
     * @throws UnusableState DAMAGED
     */
    AdamParameter(String field, Parameters state, int count) {
        this.value = Packed.floats(field, state.getValues(), count);
        this.moments = new Adam.Moments(
                Packed.floats(field + ".first_moments", state.getFirstMoments(), count),
                Packed.floats(field + ".second_moments", state.getSecondMoments(), count));
        this.steps = state.getSteps();
        UnusableState.check(steps >= 0, field + ".steps", steps, "at least 0");
    }

    Parameters state() {
        return Parameters.newBuilder()
                .setValues(Packed.of(value))
                .setFirstMoments(Packed.of(moments.first()))
                .setSecondMoments(Packed.of(moments.second()))
                .setSteps(steps)
                .build();
    }

    float[] value() {
        return value;
    }

    /** Allocates the output of the next step, so that the step itself cannot run out of memory. */
    void reserve() {
        if (reserved == null) {
            reserved = new float[value.length];
        }
    }

    /**
     * One step down a gradient.
     *
     * @param gradient of the same length, scaled by {@code factor}
     * @param decay share of the first {@code decaying} parameters that a rate of 1 would remove
     */
    void step(float[] gradient, float factor, double rate, double decay, int decaying) {
        reserve();
        float[] next = Objects.requireNonNull(reserved);
        reserved = null;
        steps++;
        new Adam(rate, decay, steps).step(value, next, moments, gradient, factor, decaying);
        value = next;
    }

    long bytes() {
        return OVERHEAD + 12L * value.length;
    }
}
