package dev.reservoir.heads;

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
public record ObservationRows(
        int rows,
        int @Nullable [] places,
        float[] values,
        SubstrateInput.@Nullable TokenIds tokenIds,
        Features.@Nullable Scale scale) {

    public static ObservationRows dense(int rows, float[] values) {
        return new ObservationRows(rows, null, values, null, null);
    }

    /** Values held for each row. */
    public int held() {
        return values.length / rows;
    }

    /** Column of the value at an index of {@link #values}, which lies in the given row. */
    public int column(int row, int index) {
        return places == null ? index - row * held() : places[index];
    }
}
