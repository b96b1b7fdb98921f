// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;

/** Rows of values, used unchanged. */
final class TensorReader implements ObservationReader {
    private static final String FIELD = "observation.tensor";

    private final ModalitySpec.Tensor spec;

    TensorReader(ModalitySpec.Tensor spec) {
        this.spec = spec;
    }

    @Override
    public int rowWidth() {
        return spec.width();
    }

    @Override
    public int maxRows() {
        return spec.maxRows();
    }

    @Override
    public double rowNorm() {
        return Math.sqrt(spec.width());
    }

    @Override
    public AdmittedObservation admit(Observation observation) {
        if (!(observation instanceof Observation.Tensor tensor)) {
            throw ObservationChecks.wrongModality(observation, "tensor");
        }
        int rows = ObservationChecks.checkRows(FIELD, tensor.values(), tensor.columns(), spec.width());
        if (rows == 0) {
            throw ObservationChecks.invalid(FIELD, "0 rows", "1 to " + spec.maxRows());
        }
        if (rows > spec.maxRows()) {
            throw ObservationChecks.tooLarge(FIELD, rows + " rows", "1 to " + spec.maxRows());
        }
        return new AdmittedObservation(this, observation, rows);
    }

    @Override
    public ObservationRows read(Observation observation) {
        Observation.Tensor tensor = (Observation.Tensor) observation;
        ObservationChecks.checkNumbers(FIELD, tensor.values());
        return ObservationRows.dense(tensor.values().length / tensor.columns(), tensor.values());
    }
}
