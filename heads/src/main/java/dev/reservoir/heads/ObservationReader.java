// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/** Converts observations of one modality to rows: the part of an encoder that depends on the modality. Immutable. */
public interface ObservationReader {
    /** Width of a row of {@link ObservationRows}. */
    int rowWidth();

    /** Most rows of {@link ObservationRows}. */
    int maxRows();

    /**
     * Typical Euclidean norm of a row. Input projections are scaled by it, so that the rows the substrate reads have
     * about the norm of its own embeddings.
     */
    double rowNorm();

    /**
     * Norm of the raw input relative to the pooled hidden states beside it: the larger it is, the less the ridge
     * shrinks its weights.
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
     * Decodes an observation that it admitted; {@link AdmittedObservation#rows} calls this once.
     *
     * @throws Refused INVALID_OBSERVATION or TOO_LARGE if its content turns out to be malformed
     */
    ObservationRows read(Observation observation);
}
