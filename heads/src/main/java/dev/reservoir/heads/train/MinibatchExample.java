// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.task.Truth;
import java.util.List;

/**
 * A decoded observation with its checked truths.
 *
 * @param sequence the example's number in the head's log
 * @param truths none if no token of it is labelled
 */
record MinibatchExample(long sequence, ObservationRows rows, List<Truth> truths) {
    /** {@code T}. */
    int tokens() {
        return rows.tokenIds() == null ? rows.rows() : rows.tokenIds().tokens();
    }

    long bytes() {
        long numbers = rows.values().length + (rows.columns() == null ? 0L : rows.columns().length);
        long ids = rows.tokenIds() == null ? 0 : rows.tokenIds().ids().length;
        long targets = 0;
        for (Truth truth : truths) {
            targets += 64 + 4L * (truth.values() == null ? 1 : truth.values().length);
        }
        return 128 + 4 * (numbers + ids) + targets;
    }
}
