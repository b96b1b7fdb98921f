// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.server.metrics.Counter;
import dev.reservoir.server.metrics.Metrics;
import org.jspecify.annotations.Nullable;

/**
 * Caches features by content. Everything they depend on (substrate, encoder, observation) is in the key, and the
 * substrate never changes, so an entry can never be stale. The tenant is in the key too, so that a tenant cannot infer
 * another's requests from response times.
 */
final class FeatureCache {
    /** Identity of features; the encoder's includes the digest of its substrate. */
    record Key(String tenant, EncoderKey encoder, ObservationDigest observation) {
        private static final long BYTES = 160;
    }

    private final long limitBytes;
    private final @Nullable Cache<Key, Features> entries;

    private final Counter hits;
    private final Counter misses;

    /** @param limitBytes bound on the bytes cached; 0 switches the cache off */
    FeatureCache(long limitBytes, Metrics metrics) {
        this.hits = metrics.counter("reservoir_feature_cache_hits_total", "Features that were found in the cache.");
        this.misses = metrics.counter("reservoir_feature_cache_misses_total", "Features that were not.");
        metrics.gauge("reservoir_feature_cache_bytes", "Bytes that the feature cache holds.", this::bytes);
        this.limitBytes = limitBytes;
        this.entries = limitBytes == 0
                ? null
                : Caffeine.newBuilder()
                        .maximumWeight(limitBytes)
                        .weigher((Key key, Features features) ->
                                (int) Math.min(Integer.MAX_VALUE, Key.BYTES + features.bytes()))
                        .executor(Runnable::run)
                        .build();
    }

    /** The lookup key of an observation; null if the cache is off or the features change as a head learns. */
    @Nullable
    Key key(String tenant, ObservationEncoder encoder, Admissions observation) {
        EncoderKey key = encoder.key();
        return entries == null || key == null ? null : new Key(tenant, key, observation.digest());
    }

    @Nullable
    Features get(@Nullable Key key) {
        if (entries == null || key == null) {
            return null;
        }
        Features known = entries.getIfPresent(key);
        (known == null ? misses : hits).increment();
        return known;
    }

    void put(@Nullable Key key, Features features) {
        if (entries != null && key != null) {
            entries.put(key, features);
        }
    }

    long limitBytes() {
        return limitBytes;
    }

    long bytes() {
        return entries == null
                ? 0
                : entries.policy()
                        .eviction()
                        .map(bound -> bound.weightedSize().orElse(0))
                        .orElse(0L);
    }
}
