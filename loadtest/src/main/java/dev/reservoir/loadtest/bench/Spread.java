// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import java.util.Arrays;

/** Median, minimum and maximum of some values. */
record Spread(double median, double low, double high) {
    static Spread of(double... numbers) {
        if (numbers.length == 0) {
            throw new IllegalArgumentException("numbers: none (expected: at least one)");
        }
        double[] sorted = numbers.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
        return new Spread(median, sorted[0], sorted[sorted.length - 1]);
    }
}
