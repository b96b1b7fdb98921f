// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of a cell.
 *
 * @param fingerprint of its task
 * @param digest of the substrate
 * @param parameters that learned
 * @param refused examples that the server refused
 * @param sharing largest number of heads that learned at the same time
 * @param validation accuracy; null if the head failed
 * @param test accuracy; null if it was not tested
 * @param testHard accuracy on the hard items; null as {@code test}, and if the task has none
 * @param reached when the stated score was first met; null if it was not
 * @param failure what the server reported when the head failed; empty if it did not
 */
record CellResult(
        CellKey key,
        String fingerprint,
        String substrate,
        String digest,
        long parameters,
        long examples,
        long updates,
        long refused,
        double trainingSeconds,
        int sharing,
        @Nullable Double validation,
        @Nullable Double test,
        @Nullable Double testHard,
        @Nullable CurveStep reached,
        String failure,
        List<CurveStep> curve) {
    /**
     * The state of a head at one point of its training.
     *
     * @param examples learned
     * @param updates made
     * @param seconds since its stream was opened
     * @param accuracy over the last examples, each predicted before it was learned from
     */
    record CurveStep(long examples, long updates, double seconds, double accuracy) {}

    CellResult {
        curve = List.copyOf(curve);
    }

    CellResult tested(double score, @Nullable Double hard) {
        return new CellResult(
                key,
                fingerprint,
                substrate,
                digest,
                parameters,
                examples,
                updates,
                refused,
                trainingSeconds,
                sharing,
                validation,
                score,
                hard,
                reached,
                failure,
                curve);
    }
}
