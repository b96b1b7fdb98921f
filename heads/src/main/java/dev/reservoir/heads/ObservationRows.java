// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import org.jspecify.annotations.Nullable;

/**
 * An observation as rows of values.
 *
 * @param rows at least 1
 * @param columns column of each value, {@code [rows, values.length / rows]}; null if the rows are dense. A column may
 *     occur several times in a row: its values add up
 * @param values {@code [rows, values.length / rows]}
 * @param tokenIds what the substrate reads instead of the rows, for text
 * @param scale see {@link Features#scale}
 */
public record ObservationRows(
        int rows,
        int @Nullable [] columns,
        float[] values,
        SubstrateInput.@Nullable TokenIds tokenIds,
        Features.@Nullable Scale scale) {

    public static ObservationRows dense(int rows, float[] values) {
        return new ObservationRows(rows, null, values, null, null);
    }

    /** Values stored for each row, zeros of sparse rows left out. */
    public int valuesPerRow() {
        return values.length / rows;
    }

    /** Column of the value at {@code index} of {@link #values}, which belongs to {@code row}. */
    public int column(int row, int index) {
        return columns == null ? index - row * valuesPerRow() : columns[index];
    }
}
