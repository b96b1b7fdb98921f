// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static dev.reservoir.heads.modality.Fixtures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.Reason;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SeriesReaderTest {
    private static final ModalitySpec.Series SPEC = new ModalitySpec.Series(3, 12, 4, true);

    @Test
    void patchesAreRowsOneAfterTheOther() {
        ModalitySpec.Series plain = new ModalitySpec.Series(3, 12, 4, false);
        float[] values = Fixtures.gaussian(1, 36);
        ObservationRows reading = Fixtures.read(new SeriesReader(plain), new Observation.Series(values, 3));
        assertThat(reading.rows()).isEqualTo(3);
        assertThat(reading.scale()).isNull();
        for (int row = 0; row < 12; row++) {
            for (int c = 0; c < 3; c++) {
                int token = row / 4;
                assertThat(reading.values()[token * reading.valuesPerRow() + (row % 4) * 3 + c])
                        .isEqualTo(values[row * 3 + c]);
            }
        }
    }

    @Test
    void channelsHaveMeanZeroAndDeviationOneAndScaleBack() {
        float[] values = Fixtures.gaussian(2, 36);
        for (int i = 0; i < values.length; i++) {
            values[i] = values[i] * (1 + 100 * (i % 3)) + 1_000 * (i % 3);
        }
        ObservationRows reading = Fixtures.read(new SeriesReader(SPEC), new Observation.Series(values, 3));
        Features.Scale scale = Objects.requireNonNull(reading.scale());
        for (int c = 0; c < 3; c++) {
            double sum = 0;
            double squares = 0;
            for (int i = c; i < 36; i += 3) {
                float normalized = reading.values()[i];
                sum += normalized;
                squares += normalized * normalized;
                assertThat(normalized * scale.factor()[c] + scale.shift()[c]).isCloseTo(values[i], within(1e-3f));
            }
            assertThat(sum / 12).isCloseTo(0, within(1e-5));
            assertThat(squares / 12).isCloseTo(1, within(1e-5));
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {0, 1, -3.3f, 1e9f, 1e13f, 0.1f, 1e-30f})
    void constantChannelsAreOnlyShifted(float constant) {
        float[] values = new float[36];
        java.util.Arrays.fill(values, constant);
        ObservationRows reading = Fixtures.read(new SeriesReader(SPEC), new Observation.Series(values, 3));
        Features.Scale scale = Objects.requireNonNull(reading.scale());
        assertThat(scale.factor()).containsOnly(1);
        for (int i = 0; i < 36; i++) {
            assertThat((double) reading.values()[i]).isCloseTo(0, within(1e-7));
        }
        assertThat(scale.shift()).containsOnly(constant);
    }

    @Test
    void windowsOfAnotherShapeAreRefused() {
        String field = "observation.series";
        assertSeriesRefused(new float[36], 4, field + ".columns: 4 (expected: 3)");
        assertSeriesRefused(new float[36], 0, field + ".columns: 0 (expected: 3)");
        assertSeriesRefused(new float[35], 3, field + ".values: 35 numbers (expected: a multiple of columns 3)");
        assertSeriesRefused(new float[33], 3, field + ": 11 rows (expected: 12 rows)");
        assertSeriesRefused(new float[0], 3, field + ": 0 rows (expected: 12 rows)");
        assertSeriesRefused(new float[3_600_000], 3, field + ": 1200000 rows (expected: 12 rows)");
        assertRefused(
                () -> new SeriesReader(SPEC).admit(new Observation.Tensor(new float[36], 3)),
                Reason.WRONG_MODALITY,
                "observation: tensor (expected: series)");
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1.1e13f, -1.1e13f})
    void numbersThatAreNotFiniteOrTooLargeAreRefused(float value) {
        float[] values = new float[36];
        values[17] = value;
        assertSeriesRefused(
                values,
                3,
                "observation.series.values[17]: " + value
                        + " (expected: a finite number of absolute value at most 1e13)");
    }

    private static void assertSeriesRefused(float[] values, int columns, String message) {
        assertRefused(
                () -> Fixtures.read(new SeriesReader(SPEC), new Observation.Series(values, columns)),
                Reason.INVALID_OBSERVATION,
                message);
    }
}
