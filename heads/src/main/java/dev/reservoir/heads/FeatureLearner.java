// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The learner of a {@code READOUT} head: it learns from features that have already been extracted with the frozen
 * substrate.
 */
public interface FeatureLearner extends HeadLearner {

    /** An example whose observation has already been encoded. */
    record Item(Features features, Target target) {}

    /**
     * Predicts each item, scores it, then learns it, in order (prequential).
     *
     * @return one entry per item: null if it was learned, else why it was refused; a refused item changes nothing but
     *     the refusal count
     */
    List<@Nullable Refused> learn(List<Item> items);
}
