package dev.reservoir.heads.modality;

import org.jspecify.annotations.Nullable;

/**
 * The observation itself as features: its rows one after the other, missing ones 0, or each row by itself for tasks per token. Where that is
 * wider than {@link #WIDEST} it goes through a {@link SparseProjection}.
 */
final class RawInput {
    /** Widest raw input that is used as it is. */
    static final int WIDEST = 4_096;

    private final boolean perRow;
    private final int rowWidth;
    private final int width;
    private final @Nullable SparseProjection projection;

    RawInput(ObservationReader reader, boolean perRow, int featureWidth) {
        this.perRow = perRow;
        this.rowWidth = reader.rowWidth();
        long all = perRow ? rowWidth : (long) rowWidth * reader.maxRows();
        // Coordinates past 2^31 wrap around: they are only hashed.
        this.projection = all <= WIDEST ? null : new SparseProjection((int) Math.min(all, Integer.MAX_VALUE), featureWidth);
        this.width = all <= WIDEST ? (int) all : featureWidth;
    }

    /** Numbers in a row of features. */
    int width() {
        return width;
    }

    /** Rows of features {@code [1 or reading.rows(), width]}. */
    float[] of(Reading reading) {
        float[] raw = new float[perRow ? reading.rows() * width : width];
        int index = 0;
        for (int row = 0; row < reading.rows(); row++) {
            int first = perRow ? 0 : row * rowWidth;
            int offset = perRow ? row * width : 0;
            for (int k = 0; k < reading.held(); k++, index++) {
                int coordinate = first + reading.column(row, index);
                if (projection == null) {
                    raw[offset + coordinate] += reading.values()[index];
                } else {
                    projection.add(coordinate, reading.values()[index], raw, offset);
                }
            }
        }
        return raw;
    }
}
