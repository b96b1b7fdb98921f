// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.SubstrateInput;
import org.jspecify.annotations.Nullable;

/**
 * An encoder of any modality: a reader, the projection of its rows to the substrate's width, pooling, and the raw input
 * appended to the pooled states.
 */
final class FrozenEncoder implements ObservationEncoder {
    /** Norm of the rows that the substrate reads: the median of MiniLM's own token embeddings is 1.11. */
    private static final double EMBEDDING_NORM = 1.1;

    private final EncoderKey key;
    private final ObservationReader reader;
    private final @Nullable Projection projection;
    private final float gain;
    private final Pooler pooler;
    private final @Nullable RawInput raw;

    /**
     * @param projection of the reader's rows to the substrate's width; null if it reads token ids or nothing
     * @param raw null if features have no raw input
     */
    FrozenEncoder(
            EncoderKey key,
            ObservationReader reader,
            @Nullable Projection projection,
            Pooler pooler,
            @Nullable RawInput raw) {
        this.key = key;
        this.reader = reader;
        this.projection = projection;
        this.gain = projection == null ? 0 : (float) (EMBEDDING_NORM / (reader.rowNorm() * projection.meanGain()));
        this.pooler = pooler;
        this.raw = raw;
    }

    @Override
    public EncoderKey key() {
        return key;
    }

    @Override
    public int featureWidth() {
        return pooler.width() + (raw == null ? 0 : raw.width());
    }

    @Override
    public boolean readsSubstrate() {
        return key.pooling() != Pooling.INPUT_ONLY;
    }

    @Override
    public ObservationReader reader() {
        return reader;
    }

    @Override
    public Encoded encode(AdmittedObservation observation) {
        ObservationRows observed = observation.rows();
        float[] rawInput = raw == null ? new float[0] : raw.of(observed);
        SubstrateInput input =
                !readsSubstrate() ? null : observed.tokenIds() != null ? observed.tokenIds() : embeddings(observed);
        int rows = key.pooling() != Pooling.PER_TOKEN || input == null ? 1 : input.tokens();
        return new Encoded(input, rawInput, rows, observed.scale());
    }

    @Override
    public Features features(Encoded encoded, @Nullable HiddenStates hidden, int sequence) {
        if ((hidden == null) != (encoded.input() == null)) {
            throw new IllegalArgumentException("hidden states: " + (hidden == null ? "none" : "some") + " (expected: "
                    + (hidden == null ? "some" : "none") + ")");
        }
        int width = featureWidth();
        float[] values = new float[encoded.rows() * width];
        if (hidden != null) {
            if (hidden.tokens(sequence) != encoded.tokens()) {
                throw new IllegalArgumentException(
                        "hidden states: " + hidden.tokens(sequence) + " tokens (expected: " + encoded.tokens() + ")");
            }
            pooler.pool(hidden, sequence, values, width);
        }
        if (raw != null) {
            for (int row = 0; row < encoded.rows(); row++) {
                System.arraycopy(
                        encoded.rawInput(), row * raw.width(), values, row * width + pooler.width(), raw.width());
            }
        }
        return new Features(values, encoded.rows(), encoded.tokens(), encoded.scale());
    }

    @Override
    public void visitParts(PartVisitor parts) {
        if (projection != null) {
            projection.visitParts("input", gain, parts);
        }
        pooler.visitParts(parts);
        if (raw != null) {
            raw.visitParts(parts);
        }
    }

    private SubstrateInput embeddings(ObservationRows observed) {
        if (projection == null) {
            throw new IllegalStateException("projection: none (expected: one, the observation has no token ids)");
        }
        float[] rows = new float[observed.rows() * projection.out()];
        int index = 0;
        for (int row = 0; row < observed.rows(); row++) {
            for (int k = 0; k < observed.valuesPerRow(); k++, index++) {
                float value = observed.values()[index];
                if (value != 0) {
                    projection.add(observed.column(row, index), gain * value, rows, row * projection.out());
                }
            }
        }
        return new SubstrateInput.Embeddings(rows, observed.rows());
    }
}
