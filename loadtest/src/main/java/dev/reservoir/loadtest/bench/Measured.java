package dev.reservoir.loadtest.bench;

import org.jspecify.annotations.Nullable;

/**
 * A number with its spread.
 *
 * @param unit {@code x} for a ratio
 * @param note how it came about, where the name does not say
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

    Measured withTarget(@Nullable Target wanted) {
        return new Measured(name, spread, unit, wanted, note);
    }

    Measured withNote(String words) {
        return new Measured(name, spread, unit, target, words);
    }

    /** Whether the median reaches the target; null where there is none. */
    @Nullable
    Boolean met() {
        return target == null ? null : target.met(spread.median());
    }
}
