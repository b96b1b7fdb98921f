package dev.reservoir.heads.modality;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.SubstrateInput;
import org.jspecify.annotations.Nullable;

/**
 * An observation as rows of numbers.
 *
 * @param rows at least 1
 * @param places column of each value, {@code [rows, values.length / rows]}; null where the rows are dense. A column may come several times
 *     in a row: its values add up
 * @param values {@code [rows, values.length / rows]}
 * @param tokenIds what the substrate reads where it is not the rows: text
 * @param scale see {@link Features#scale}
 */
record Reading(
        int rows,
        int @Nullable [] places,
        float[] values,
        SubstrateInput.@Nullable TokenIds tokenIds,
        Features.@Nullable Scale scale) {

    static Reading dense(int rows, float[] values) {
        return new Reading(rows, null, values, null, null);
    }

    /** Values held for each row. */
    int held() {
        return values.length / rows;
    }

    /** Column of the value at an index of {@link #values}, which lies in the given row. */
    int column(int row, int index) {
        return places == null ? index - row * held() : places[index];
    }
}
