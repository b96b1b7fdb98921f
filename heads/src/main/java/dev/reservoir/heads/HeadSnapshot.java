// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The immutable half of a head: what it had learned at one moment. Any number of threads may use it at once. */
public interface HeadSnapshot {
    /** Labels in the order of their scores; empty for tasks of values. */
    List<String> labels();

    /** Turns observations into the features that {@link #predict} reads. */
    ObservationEncoder encoder();

    /**
     * Extracts the features that examples are learned from, the same encoder for the whole life of a head; null if the
     * head learns from observations alone.
     */
    @Nullable
    ObservationEncoder exampleEncoder();

    /**
     * Whether the frozen baseline of an {@code FPT} head answers in its place; see {@code FrozenCompanion} of the
     * contract.
     */
    default boolean isFrozenBaseline() {
        return false;
    }

    /**
     * Answers one observation.
     *
     * @param maxScores maximum number of scores to report, best first; 0 to report only the winner
     */
    Prediction predict(Features features, int maxScores);

    /** Exports everything that answers are computed with from features; {@link #encoder} exports the rest. */
    void visitParts(PartVisitor parts);
}
