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
        Builder builder = new Builder(this);
        builder.test = score;
        builder.testHard = hard;
        return builder.build();
    }

    static Builder builder(CellKey key, String fingerprint) {
        return new Builder(key, fingerprint);
    }

    /** Everything that is not set is zero, empty or null. Not thread-safe. */
    static final class Builder {
        private final CellKey key;
        private final String fingerprint;
        private String substrate = "";
        private String digest = "";
        private long parameters;
        private long examples;
        private long updates;
        private long refused;
        private double trainingSeconds;
        private int sharing;
        private @Nullable Double validation;
        private @Nullable Double test;
        private @Nullable Double testHard;
        private @Nullable CurveStep reached;
        private String failure = "";
        private List<CurveStep> curve = List.of();

        private Builder(CellKey key, String fingerprint) {
            this.key = key;
            this.fingerprint = fingerprint;
        }

        private Builder(CellResult result) {
            this(result.key, result.fingerprint);
            substrate = result.substrate;
            digest = result.digest;
            parameters = result.parameters;
            examples = result.examples;
            updates = result.updates;
            refused = result.refused;
            trainingSeconds = result.trainingSeconds;
            sharing = result.sharing;
            validation = result.validation;
            test = result.test;
            testHard = result.testHard;
            reached = result.reached;
            failure = result.failure;
            curve = result.curve;
        }

        Builder substrate(String name, String substrateDigest) {
            substrate = name;
            digest = substrateDigest;
            return this;
        }

        Builder parameters(long count) {
            parameters = count;
            return this;
        }

        Builder learned(long exampleCount, long updateCount) {
            examples = exampleCount;
            updates = updateCount;
            return this;
        }

        Builder refused(long count) {
            refused = count;
            return this;
        }

        Builder training(double seconds, int heads) {
            trainingSeconds = seconds;
            sharing = heads;
            return this;
        }

        Builder curve(List<CurveStep> steps, @Nullable CurveStep statedScore) {
            curve = steps;
            reached = statedScore;
            return this;
        }

        Builder validation(@Nullable Double accuracy) {
            validation = accuracy;
            return this;
        }

        Builder test(@Nullable Double accuracy) {
            test = accuracy;
            return this;
        }

        Builder failure(String reason) {
            failure = reason;
            return this;
        }

        CellResult build() {
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
                    test,
                    testHard,
                    reached,
                    failure,
                    curve);
        }
    }
}
