// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.registry.HeadVersion;

/**
 * Estimates the cost of work in tokens read by the substrate, the common unit for fairness among tenants and for the
 * size of batches.
 */
final class WorkPrices {
    /**
     * The fixed cost of a head's answer, in floating-point operations that take as long: allocation, sorting the
     * scores, building the message. A head of ten labels takes about 9 microseconds.
     */
    private static final double ANSWER_FLOPS = 5e5;
    /**
     * An answer reads each weight once from memory, which takes as long as this many operations in the substrate's
     * matrix products.
     */
    private static final double FLOPS_PER_WEIGHT = 16;

    private final double flopsPerToken;

    WorkPrices(SubstrateInfo info) {
        this.flopsPerToken = info.shape().flopsPerToken();
    }

    /** The cost of one head's answer from given features; a fraction, because many heads answer from the same ones. */
    double answer(HeadVersion version) {
        return (ANSWER_FLOPS + FLOPS_PER_WEIGHT * version.trainableParameters()) / flopsPerToken;
    }

    /** The cost of an example: extracting its features, passes through the substrate, the step of its readout. */
    int example(LearningSpec learning, TrainingTask.Content content) {
        double tokens = content.observation().tokens() * learning.substratePasses();
        FeatureRequest features = content.features();
        if (features != null) {
            tokens += features.tokens();
            tokens += learning.readoutFlops(features.encoder().featureWidth()) / flopsPerToken;
        }
        return 1 + (int) tokens;
    }
}
