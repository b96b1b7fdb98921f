// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.PartVisitor;
import org.jspecify.annotations.Nullable;

/**
 * The observation itself as features: its rows concatenated and zero-padded, or each row by itself for tasks per token.
 * Input wider than {@link #WIDEST} is mapped by a {@link SparseProjection}. A constant factor gives a typical raw input
 * {@link ObservationReader#inputFactor} times the norm of the pooled hidden states beside it, or, without hidden
 * states, numbers of magnitude about 1.
 */
final class RawInput {
    /** Widest raw input that is used unchanged. */
    static final int WIDEST = 4_096;

    private final boolean perRow;
    private final int rowWidth;
    private final int width;
    private final float scale;
    private final @Nullable SparseProjection projection;

    /** @param pooledWidth width of the pooled hidden states, 0 if there are none */
    RawInput(ObservationReader reader, boolean perRow, int featureWidth, int pooledWidth) {
        this.perRow = perRow;
        this.rowWidth = reader.rowWidth();
        long all = perRow ? rowWidth : (long) rowWidth * reader.maxRows();
        // Coordinates past 2^31 wrap around: they are only hashed.
        this.projection =
                all <= WIDEST ? null : new SparseProjection((int) Math.min(all, Integer.MAX_VALUE), featureWidth);
        this.width = all <= WIDEST ? (int) all : featureWidth;
        double length = reader.rowNorm() * Math.sqrt(perRow ? 1 : reader.maxRows());
        double target = pooledWidth == 0 ? Math.sqrt(width) : reader.inputFactor() * Math.sqrt(pooledWidth);
        this.scale = (float) (target / length);
    }

    /** Width of the raw input in a row of features. */
    int width() {
        return width;
    }

    void visitParts(PartVisitor parts) {
        parts.tensor(NamedTensor.of("raw.scale", new float[] {scale}, 1));
        if (projection != null) {
            parts.choice("raw_width", Integer.toString(width));
            projection.visitParts("raw", 1, parts);
        }
    }

    /** Rows of features {@code [1 or rows.rows(), width]}. */
    float[] of(ObservationRows rows) {
        float[] raw = new float[perRow ? rows.rows() * width : width];
        int index = 0;
        for (int row = 0; row < rows.rows(); row++) {
            int first = perRow ? 0 : row * rowWidth;
            int offset = perRow ? row * width : 0;
            for (int k = 0; k < rows.valuesPerRow(); k++, index++) {
                int coordinate = first + rows.column(row, index);
                if (projection == null) {
                    raw[offset + coordinate] += scale * rows.values()[index];
                } else {
                    projection.add(coordinate, scale * rows.values()[index], raw, offset);
                }
            }
        }
        return raw;
    }
}
