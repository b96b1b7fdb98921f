// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.Observation;
import org.jspecify.annotations.Nullable;

/**
 * An observation with its digest, which is computed once, by the first who needs it: it tells payloads apart and names
 * cached features. Thread-safe, as an observation is never written.
 */
public final class HashedObservation {
    private final Observation observation;
    /** Immutable and equal whoever computes it, so that a race computes it twice and does no harm. */
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
