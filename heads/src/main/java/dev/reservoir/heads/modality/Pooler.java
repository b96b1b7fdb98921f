// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.PartVisitor;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Hidden states {@code [T, D]} of a sequence to pooled numbers, each row scaled to norm {@code sqrt(width)}: numbers of
 * magnitude about 1, whatever the substrate's own scale, so that one ridge and one learning rate suit all. A row of
 * zeros stays zero.
 */
final class Pooler {
    private final Pooling pooling;
    private final int width;
    private final @Nullable SparseProjection projection;

    /**
     * @param maxTokens largest {@code T}; a shorter sequence is zero-padded in {@link Pooling#FLATTEN}
     * @param hiddenWidth {@code D}
     */
    Pooler(Pooling pooling, int maxTokens, int hiddenWidth, int featureWidth) {
        this.pooling = pooling;
        this.projection =
                pooling == Pooling.FLATTEN ? new SparseProjection(maxTokens * hiddenWidth, featureWidth) : null;
        this.width = switch (pooling) {
            case FLATTEN -> featureWidth;
            case CONCATENATE -> Math.multiplyExact(maxTokens, hiddenWidth);
            case INPUT_ONLY -> 0;
            case MEAN, LAST, FIRST, PER_TOKEN -> hiddenWidth;
        };
    }

    /** Width of a row. */
    int width() {
        return width;
    }

    /**
     * Writes the rows of a sequence, {@code [rows, width]}, each {@code stride} after the one before, the first at 0.
     */
    void pool(HiddenStates hidden, int sequence, float[] target, int stride) {
        int tokens = hidden.tokens(sequence);
        int start = hidden.start(sequence);
        int rows = 1;
        switch (pooling) {
            case FIRST:
                System.arraycopy(hidden.values(), start, target, 0, width);
                break;
            case LAST:
                System.arraycopy(hidden.values(), start + (tokens - 1) * width, target, 0, width);
                break;
            case MEAN:
                sum(hidden.values(), start, tokens, target);
                break;
            case CONCATENATE:
                System.arraycopy(hidden.values(), start, target, 0, tokens * hidden.width());
                break;
            case FLATTEN:
                flatten(hidden, tokens, start, target);
                break;
            case PER_TOKEN:
                for (int t = 0; t < tokens; t++) {
                    System.arraycopy(hidden.values(), start + t * width, target, t * stride, width);
                }
                rows = tokens;
                break;
            case INPUT_ONLY:
                rows = 0;
                break;
        }
        for (int row = 0; row < rows; row++) {
            scale(target, row * stride);
        }
    }

    void visitParts(PartVisitor parts) {
        parts.choice("pooling", pooling.name().toLowerCase(Locale.ROOT));
        parts.choice("pooled_length", "root_of_width");
        if (projection != null) {
            parts.choice("flatten_width", Integer.toString(width));
            projection.visitParts("flatten", 1, parts);
        }
    }

    private void flatten(HiddenStates hidden, int tokens, int start, float[] target) {
        if (projection == null) {
            throw new IllegalStateException("pooling: " + pooling + " (expected: FLATTEN)");
        }
        int count = tokens * hidden.width();
        for (int i = 0; i < count; i++) {
            projection.add(i, hidden.values()[start + i], target, 0);
        }
    }

    private void sum(float[] values, int start, int tokens, float[] target) {
        for (int t = 0; t < tokens; t++) {
            int row = start + t * width;
            for (int i = 0; i < width; i++) {
                target[i] += values[row + i];
            }
        }
    }

    private void scale(float[] target, int from) {
        double squares = 0;
        for (int i = from; i < from + width; i++) {
            squares += (double) target[i] * target[i];
        }
        if (squares > 0) {
            float factor = (float) Math.sqrt(width / squares);
            for (int i = from; i < from + width; i++) {
                target[i] *= factor;
            }
        }
    }
}
