// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import org.jspecify.annotations.Nullable;

/**
 * A measured value with its spread.
 *
 * @param unit {@code x} for a ratio
 * @param note how it was obtained, if the name does not say it
 */
record Measured(
        String name, Spread spread, String unit, @Nullable Target target, String note) {
    Measured {
        if (!Double.isFinite(spread.median())) {
            throw new IllegalArgumentException(name + ": " + spread.median() + " (expected: a finite number)");
        }
    }

    Measured(String name, Spread spread, String unit) {
        this(name, spread, unit, null, "");
    }

    Measured withTarget(@Nullable Target newTarget) {
        return new Measured(name, spread, unit, newTarget, note);
    }

    Measured withNote(String newNote) {
        return new Measured(name, spread, unit, target, newNote);
    }

    /** Whether the median reaches the target; null if there is none. */
    @Nullable
    Boolean met() {
        return target == null ? null : target.met(spread.median());
    }
}
