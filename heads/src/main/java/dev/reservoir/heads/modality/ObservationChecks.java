// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.Map;

/**
 * Checks that refuse observations with messages of one form: what was checked, the offending value, what was expected.
 */
final class ObservationChecks {
    /** Largest absolute value in an observation; milliseconds since 1970 are 2e12 in the year 2033. */
    static final float LARGEST = 1e13f;
    /** Most bytes of a file or of raw samples. */
    static final int MAX_BYTES = 4 << 20;

    private ObservationChecks() {}

    static Refused invalid(String field, Object value, String expected) {
        return refuse(Reason.INVALID_OBSERVATION, field, value, expected);
    }

    static Refused tooLarge(String field, Object value, String expected) {
        return refuse(Reason.TOO_LARGE, field, value, expected);
    }

    static Refused wrongModality(Observation observation, String expected) {
        return refuse(Reason.WRONG_MODALITY, "observation", observation.modality(), expected);
    }

    /** Refuses an empty array and one of more than {@link #MAX_BYTES}. */
    static void checkBytes(String field, byte[] bytes) {
        if (bytes.length == 0) {
            throw invalid(field, "0 bytes", "1 to " + MAX_BYTES);
        }
        if (bytes.length > MAX_BYTES) {
            throw tooLarge(field, bytes.length + " bytes", "at most " + MAX_BYTES);
        }
    }

    /** Refuses a matrix of another number of columns, or without a whole number of rows. Returns the rows. */
    static int checkRows(String field, float[] values, int columns, int expectedColumns) {
        if (columns != expectedColumns) {
            throw invalid(field + ".columns", columns, String.valueOf(expectedColumns));
        }
        if (values.length % columns != 0) {
            throw invalid(field + ".values", values.length + " numbers", "a multiple of columns " + columns);
        }
        return values.length / columns;
    }

    /** Refuses values that are not finite or too large. */
    static void checkNumbers(String field, float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!(Math.abs(values[i]) <= LARGEST)) {
                throw invalid(
                        field + ".values[" + i + "]", values[i], "a finite number of absolute value at most 1e13");
            }
        }
    }

    private static Refused refuse(Reason reason, String field, Object value, String expected) {
        return new Refused(reason, field + ": " + value + " (expected: " + expected + ")", Map.of("field", field));
    }
}
