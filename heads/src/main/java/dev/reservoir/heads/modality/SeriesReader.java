// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;
import org.jspecify.annotations.Nullable;

/**
 * Windows of a series, {@code patch} rows per token. Normalisation shifts and scales each channel of a window to mean 0
 * and deviation 1; a channel that is constant to within single precision is only shifted.
 */
final class SeriesReader implements ObservationReader {
    private static final String FIELD = "observation.series";
    /** Deviations below this share of the mean are rounding of the input. */
    private static final double RESOLUTION = 1e-7;

    private static final double LEAST_DEVIATION = 1e-20;

    private final ModalitySpec.Series spec;

    SeriesReader(ModalitySpec.Series spec) {
        this.spec = spec;
    }

    @Override
    public int rowWidth() {
        return spec.patch() * spec.channels();
    }

    @Override
    public int maxRows() {
        return spec.maxTokens();
    }

    @Override
    public double rowNorm() {
        return Math.sqrt(rowWidth());
    }

    /** Neighbouring rows are alike, so a forecast depends on small differences between them, with large weights. */
    @Override
    public double inputFactor() {
        return 5;
    }

    @Override
    public AdmittedObservation admit(Observation observation) {
        if (!(observation instanceof Observation.Series series)) {
            throw ObservationChecks.wrongModality(observation, "series");
        }
        int rows = ObservationChecks.checkRows(FIELD, series.values(), series.columns(), spec.channels());
        if (rows != spec.window()) {
            throw ObservationChecks.invalid(FIELD, rows + " rows", spec.window() + " rows");
        }
        return new AdmittedObservation(this, observation, spec.maxTokens());
    }

    @Override
    public ObservationRows read(Observation observation) {
        float[] values = ((Observation.Series) observation).values();
        ObservationChecks.checkNumbers(FIELD, values);
        Features.@Nullable Scale scale = null;
        if (spec.normalizePerWindow()) {
            scale = scale(values);
            values = normalized(values, scale);
        }
        // Rows follow each other, so the patches do too.
        return new ObservationRows(spec.maxTokens(), null, values, null, scale);
    }

    private Features.Scale scale(float[] values) {
        int channels = spec.channels();
        float[] shift = new float[channels];
        float[] factor = new float[channels];
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            for (int i = c; i < values.length; i += channels) {
                sum += values[i];
            }
            double mean = sum / spec.window();
            double squares = 0;
            for (int i = c; i < values.length; i += channels) {
                squares += (values[i] - mean) * (values[i] - mean);
            }
            double deviation = Math.sqrt(squares / spec.window());
            boolean constant = deviation <= Math.max(LEAST_DEVIATION, RESOLUTION * Math.abs(mean));
            shift[c] = (float) mean;
            factor[c] = constant ? 1 : (float) deviation;
        }
        return new Features.Scale(shift, factor);
    }

    private float[] normalized(float[] values, Features.Scale scale) {
        int channels = spec.channels();
        float[] normalized = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            int c = i % channels;
            normalized[i] = (float) (((double) values[i] - scale.shift()[c]) / scale.factor()[c]);
        }
        return normalized;
    }
}
