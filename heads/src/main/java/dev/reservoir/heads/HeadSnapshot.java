// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The immutable half of a head: what it had learned at one moment. Any number of threads may use it at once. */
public interface HeadSnapshot {
    /** Labels in the order of their scores; empty for tasks of values. */
    List<String> labels();

    /**
     * What turns observations into the features that {@link #predict} takes, where it depends on what was learned; null
     * where it is the head's own for all its life.
     */
    @Nullable
    ObservationEncoder encoder();

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
     * @param maxScores most scores to report, best first; 0 for none but the winner
     */
    Prediction predict(Features features, int maxScores);

    /**
     * Shows what answers are computed from features with; with an {@link #encoder} of its own also that one's parts.
     */
    void visitParts(PartVisitor parts);
}
