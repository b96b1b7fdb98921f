// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.Map;

/** A refused request, with the reason, the offending value and what was expected. Has no stack trace. */
public final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;
    private final transient Map<String, String> metadata;

    public Refused(Reason reason, String message) {
        this(reason, message, Map.of());
    }

    /** @param metadata machine-readable facts, for example {@code expected} of a sequence gap */
    public Refused(Reason reason, String message, Map<String, String> metadata) {
        super(message, null, false, false);
        this.reason = reason;
        this.metadata = Map.copyOf(metadata);
    }

    /** The same refusal with what it is about before its message. */
    public Refused about(Object subject) {
        return new Refused(reason, subject + ": " + getMessage(), metadata);
    }

    public Reason reason() {
        return reason;
    }

    public Map<String, String> metadata() {
        return metadata;
    }

    /** Refuses with {@link Reason#INVALID_FIELD} unless {@code low <= value <= high}. */
    public static int checkRange(String field, int value, int low, int high) {
        if (value < low || value > high) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    field + ": " + value + " (expected: " + low + " to " + high + ")",
                    Map.of("field", field));
        }
        return value;
    }

    /** Refuses with {@link Reason#INVALID_FIELD} unless {@code low <= value <= high}; NaN is refused. */
    public static double checkRange(String field, double value, double low, double high) {
        if (!(value >= low && value <= high)) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    field + ": " + value + " (expected: " + low + " to " + high + ")",
                    Map.of("field", field));
        }
        return value;
    }

    /** Refuses with {@link Reason#INVALID_FIELD} unless the condition is true. */
    public static void check(boolean holds, String field, Object value, String expected) {
        if (!holds) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    field + ": " + value + " (expected: " + expected + ")",
                    Map.of("field", field));
        }
    }
}
