// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.TunableSubstrate.NormRow;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Encodes observations with the parameters of one snapshot. */
final class FptEncoder implements ObservationEncoder {
    private static final float[] NO_INPUT = {};

    private final FptModel model;
    private final FptParameters parameters;

    FptEncoder(FptModel model, FptParameters parameters) {
        this.model = model;
        this.parameters = parameters;
    }

    @Override
    public @Nullable EncoderKey key() {
        return null;
    }

    @Override
    public boolean readsSubstrate() {
        return true;
    }

    @Override
    public NormRow norms() {
        return parameters.norms();
    }

    @Override
    public int featureWidth() {
        return model.pooling().featureWidth();
    }

    @Override
    public ObservationReader reader() {
        return model.reader();
    }

    @Override
    public Encoded encode(AdmittedObservation observation) {
        ObservationRows rows = observation.rows();
        var input = parameters.embed(rows, model.substrate(), model.pooling().width());
        return new Encoded(input, NO_INPUT, model.pooling().rows(input.tokens()), rows.scale());
    }

    @Override
    public Features features(Encoded encoded, @Nullable HiddenStates hidden, int sequence) {
        if (hidden == null) {
            throw new IllegalArgumentException("hidden states: none (expected: some)");
        }
        return new Features(model.pooling().pool(hidden, sequence), encoded.rows(), encoded.tokens(), encoded.scale());
    }

    @Override
    public void visitParts(PartVisitor parts) {
        parameters.visitParts(model.pooling().width(), parts);
        parts.choice("pooling", model.pooling().pooling().name().toLowerCase(Locale.ROOT));
        parts.choice("pooled_length", "as_it_is");
    }
}
