// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;

/** The refusal that a caller receives when its work threw. */
final class Failure {
    private Failure() {}

    /** @param what the work, as a message begins: {@code "observation: could not be encoded"} */
    static Refused refusal(String what, Throwable thrown) {
        if (thrown instanceof Refused refused) {
            return refused;
        }
        return thrown instanceof OutOfMemoryError
                ? new Refused(
                        Reason.OVERLOADED,
                        what + ", the server is out of memory (expected: less at a time, or another try later)")
                : new Refused(Reason.INTERNAL, what);
    }
}
