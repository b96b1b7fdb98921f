// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.ObservationEncoder;
import org.jspecify.annotations.Nullable;

/**
 * One observation to be read through one encoder.
 *
 * @param cached the features, if they were in the cache
 */
record FeatureRequest(
        ObservationEncoder encoder,
        AdmittedObservation observation,
        FeatureCache.@Nullable Key key,
        @Nullable Features cached) {

    /** Admits an observation and looks its features up. Throws what {@link Admissions#by} throws. */
    static FeatureRequest of(String tenant, ObservationEncoder encoder, Admissions observation, FeatureCache cache) {
        AdmittedObservation admitted = observation.by(encoder.reader());
        FeatureCache.Key key = cache.key(tenant, encoder, observation);
        return new FeatureRequest(encoder, admitted, key, cache.get(key));
    }

    /** Estimate of the tokens that the substrate reads for it; 0 if the features are cached or need no pass. */
    int tokens() {
        return cached == null && encoder.readsSubstrate() ? observation.tokens() : 0;
    }
}
