package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import org.jspecify.annotations.Nullable;

/**
 * One observation to be read through one encoder.
 *
 * @param tokens estimate of what the substrate will read; 0 where the features are at hand
 * @param cached the features, where they were found already
 */
record FeatureRequest(
        ObservationEncoder encoder,
        Observation observation,
        FeatureCache.@Nullable Key key,
        int tokens,
        @Nullable Features cached) {

    /** Admits an observation at the border that is decoded where it is learned. */
    static FeatureRequest uncached(ObservationEncoder encoder, HashedObservation hashed) {
        Observation observation = hashed.observation();
        return new FeatureRequest(encoder, observation, null, encoder.admit(observation), null);
    }

    /** Admits an observation at the border and looks its features up. Throws what {@link ObservationEncoder#admit} throws. */
    static FeatureRequest of(String tenant, ObservationEncoder encoder, HashedObservation hashed, FeatureCache cache) {
        Observation observation = hashed.observation();
        int tokens = encoder.admit(observation);
        FeatureCache.Key key = cache.key(tenant, encoder, hashed);
        Features cached = cache.get(key);
        return new FeatureRequest(encoder, observation, key, cached == null ? tokens : 0, cached);
    }
}
