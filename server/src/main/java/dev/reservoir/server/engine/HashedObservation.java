// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.Observation;
import org.jspecify.annotations.Nullable;

/**
 * An observation with its lazily computed digest, which distinguishes payloads and identifies cached features.
 * Thread-safe, because observations are immutable.
 */
public final class HashedObservation {
    private final Observation observation;
    /** Immutable and the same whichever thread computes it, so a race is harmless: it is merely computed twice. */
    private @Nullable ObservationDigest digest;

    public HashedObservation(Observation observation) {
        this.observation = observation;
    }

    public Observation observation() {
        return observation;
    }

    public ObservationDigest digest() {
        ObservationDigest known = digest;
        if (known == null) {
            known = ObservationDigest.of(observation);
            digest = known;
        }
        return known;
    }
}
