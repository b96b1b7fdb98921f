// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import java.util.Locale;

/**
 * Identifies one head's whole training.
 *
 * @param task its name
 * @param contender its id
 * @param rate learning rate; 0 if the contender has none
 * @param seed of the head and of the order of its examples
 */
record CellKey(String task, String contender, double rate, long seed) {
    /** Usable as a head id if the parts are. */
    String headId() {
        String rateId = String.format(Locale.ROOT, "%.0e", rate).replace("+", "");
        return task + "-" + contender + "-" + rateId + "-" + seed;
    }

    @Override
    public String toString() {
        return task + " " + contender + (rate == 0 ? "" : " rate " + rate) + " seed " + seed;
    }
}
