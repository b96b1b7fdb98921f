// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/** Observations of one modality to numbers: the part of an encoder that depends on the modality. Immutable. */
public interface ObservationReader {
    /** Numbers in a row of {@link ObservationRows}. */
    int rowWidth();

    /** Most rows of {@link ObservationRows}. */
    int maxRows();

    /**
     * Euclidean norm that a row of numbers typically has. Input projections are scaled by it, so that the rows that the
     * substrate reads are about as long as its own embeddings.
     */
    double rowNorm();

    /**
     * How many times as long as the pooled hidden states the raw input beside them is made: the ridge shrinks it less.
     */
    default double inputFactor() {
        return 1;
    }

    /**
     * Refuses a wrong modality and wrong sizes, without decoding.
     *
     * @throws Refused WRONG_MODALITY, INVALID_OBSERVATION or TOO_LARGE
     */
    AdmittedObservation admit(Observation observation);

    /**
     * Decodes an observation that a reader of the same modality admitted.
     *
     * @throws Refused INVALID_OBSERVATION or TOO_LARGE if its content turns out to be malformed
     */
    ObservationRows read(AdmittedObservation admitted);
}
