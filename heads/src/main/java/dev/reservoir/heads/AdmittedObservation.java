// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import org.jspecify.annotations.Nullable;

/**
 * An observation that a reader admitted. It is checked once and passed on as this type, and decoded at most once, by
 * the first that needs its rows, however many heads read them. Thread-safe.
 */
public final class AdmittedObservation {
    private final ObservationReader reader;
    private final Observation observation;
    private final int tokens;

    @GuardedBy("this")
    private @Nullable ObservationRows rows;

    @GuardedBy("this")
    private @Nullable Refused malformed;

    /**
     * Called by readers alone.
     *
     * @param reader the one that admits it, and will decode it
     * @param tokens an upper bound on the tokens that the substrate reads for it, at least 1
     */
    public AdmittedObservation(ObservationReader reader, Observation observation, int tokens) {
        if (tokens < 1) {
            throw new IllegalArgumentException("tokens: " + tokens + " (expected: at least 1)");
        }
        this.reader = reader;
        this.observation = observation;
        this.tokens = tokens;
    }

    public int tokens() {
        return tokens;
    }

    /**
     * What its reader decodes it to; not to be written to. A thread that comes while another decodes waits for it.
     *
     * @throws Refused INVALID_OBSERVATION or TOO_LARGE if its content turns out to be malformed, always the same
     */
    public synchronized ObservationRows rows() {
        if (malformed != null) {
            throw malformed;
        }
        if (rows == null) {
            try {
                rows = reader.read(observation);
            } catch (Refused why) {
                malformed = why;
                throw why;
            }
        }
        return rows;
    }
}
