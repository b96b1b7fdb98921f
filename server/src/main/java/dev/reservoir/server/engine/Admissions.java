// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.Refused;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * One observation of one request, and how readers admit it: each reader checks it once, and all encoders of a reader
 * share what it decodes. Not thread-safe.
 */
final class Admissions {
    private final HashedObservation observation;
    private final Map<ObservationReader, AdmittedObservation> admitted = new IdentityHashMap<>();
    private final Map<ObservationReader, Refused> refused = new IdentityHashMap<>();

    Admissions(HashedObservation observation) {
        this.observation = observation;
    }

    ObservationDigest digest() {
        return observation.digest();
    }

    /** @throws Refused what {@link ObservationReader#admit} throws, always the same */
    AdmittedObservation by(ObservationReader reader) {
        AdmittedObservation known = admitted.get(reader);
        if (known != null) {
            return known;
        }
        Refused before = refused.get(reader);
        if (before != null) {
            throw before;
        }
        try {
            AdmittedObservation now = reader.admit(observation.observation());
            admitted.put(reader, now);
            return now;
        } catch (Refused why) {
            refused.put(reader, why);
            throw why;
        }
    }
}
