// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

/**
 * What a figure must reach.
 *
 * @param atLeast whether higher is better; otherwise the value is the maximum
 */
record Target(double value, boolean atLeast) {
    static Target atLeast(double value) {
        return new Target(value, true);
    }

    static Target atMost(double value) {
        return new Target(value, false);
    }

    boolean met(double measured) {
        return atLeast ? measured >= value : measured <= value;
    }

    String phrase() {
        return atLeast ? "at least" : "at most";
    }
}
