// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import org.jspecify.annotations.Nullable;

/** A stored state from which no learner can go on; nothing was restored from it. */
public final class UnusableState extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What is wrong with it. */
    public enum Problem {
        /** Its bytes are not what was written. */
        DAMAGED,
        /** It was written in a format that this program does not know. */
        UNKNOWN_VERSION,
        /** It belongs to a head with another specification. */
        OTHER_SPECIFICATION,
        /** It was learned on another substrate. */
        OTHER_SUBSTRATE,
        /** Its digests were made with another key. */
        OTHER_DIGEST_KEY,
        /** A shared part that it refers to was not given. */
        MISSING_PART
    }

    private final Problem problem;

    public UnusableState(Problem problem, String message) {
        super("state: " + message);
        this.problem = problem;
    }

    public Problem problem() {
        return problem;
    }

    /** A state that is {@link Problem#DAMAGED}. */
    public static UnusableState damaged(String field, @Nullable Object met, String expected) {
        return new UnusableState(Problem.DAMAGED, field + ": " + met + " (expected: " + expected + ")");
    }

    /** Refuses a state as {@link Problem#DAMAGED} unless the condition is true. */
    public static void check(boolean holds, String field, Object met, String expected) {
        if (!holds) {
            throw damaged(field, met, expected);
        }
    }
}
