// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A number over seeds.
 *
 * @param deviation sample standard deviation; null for fewer than two
 */
record Summary(int count, double mean, @Nullable Double deviation, double least, double most) {
    /** Null if there is no number. */
    static @Nullable Summary of(List<Double> numbers) {
        if (numbers.isEmpty()) {
            return null;
        }
        double mean = numbers.stream().mapToDouble(x -> x).average().orElseThrow();
        double squares =
                numbers.stream().mapToDouble(x -> (x - mean) * (x - mean)).sum();
        return new Summary(
                numbers.size(),
                mean,
                numbers.size() < 2 ? null : Math.sqrt(squares / (numbers.size() - 1)),
                numbers.stream().mapToDouble(x -> x).min().orElseThrow(),
                numbers.stream().mapToDouble(x -> x).max().orElseThrow());
    }
}
