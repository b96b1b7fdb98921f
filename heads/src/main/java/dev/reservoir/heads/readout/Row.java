// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.task.Truth;
import org.jspecify.annotations.Nullable;

/**
 * One row of features with its checked truth; an item is one row, or one per labelled token.
 *
 * @param values contains the row at {@code [from, from + F)}
 * @param item index of its item in the call
 */
record Row(float[] values, int from, int item, Truth truth) {
    /** Whether it is its item's last row. */
    boolean last() {
        return truth.last();
    }

    /** Outputs known before its item. */
    int known() {
        return truth.known();
    }

    /** Outputs known with its item. */
    int outputs() {
        return truth.outputs();
    }

    int @Nullable [] positives() {
        return truth.positives();
    }

    /** Writes the truth into {@code target[0 .. outputs())}. */
    void fill(float[] target) {
        truth.fill(target);
    }
}
