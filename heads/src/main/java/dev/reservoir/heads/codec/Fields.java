// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.Map;

/** How a field that is missing or unknown to this version is refused. */
final class Fields {
    private Fields() {}

    static Refused missing(String field, String expected) {
        return new Refused(
                Reason.INVALID_FIELD, field + ": nothing (expected: " + expected + ")", Map.of("field", field));
    }

    static Refused unknown(String field, int number, String expected) {
        return new Refused(
                Reason.INVALID_FIELD, field + ": " + number + " (expected: " + expected + ")", Map.of("field", field));
    }

    /** The value, or the given default if the field is unset. */
    static int or(int value, int whenOpen) {
        return value == 0 ? whenOpen : value;
    }

    static double or(double value, double whenOpen) {
        return value == 0 ? whenOpen : value;
    }
}
