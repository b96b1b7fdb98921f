// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import org.jspecify.annotations.Nullable;

/** The encoder of heads that a test gives their features: it has an identity and a width, and encodes nothing. */
public record KeyedEncoder(EncoderKey key, int featureWidth) implements ObservationEncoder {
    @Override
    public boolean readsSubstrate() {
        throw new UnsupportedOperationException();
    }

    @Override
    public ObservationReader reader() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Encoded encode(AdmittedObservation observation) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Features features(Encoded encoded, @Nullable HiddenStates hidden, int sequence) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void visitParts(PartVisitor parts) {
        throw new UnsupportedOperationException();
    }
}
