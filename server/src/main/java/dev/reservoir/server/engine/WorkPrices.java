// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.registry.HeadVersion;

/**
 * What work is expected to cost, in tokens read by the substrate: the one currency in which tenants are compared and
 * batches are cut.
 */
final class WorkPrices {
    /**
     * What a head's answer costs beside its weights, in floating-point operations that take as long: allocation,
     * sorting of scores, the message. A head of ten labels takes about 9 microseconds.
     */
    private static final double ANSWER_FLOPS = 5e5;
    /**
     * An answer reads each weight once, from memory: that takes as long as so many operations in the substrate's
     * products.
     */
    private static final double FLOPS_PER_WEIGHT = 16;

    private final double flopsPerToken;

    WorkPrices(SubstrateInfo info) {
        this.flopsPerToken = info.shape().flopsPerToken();
    }

    /** One head's answer from features that are at hand; a fraction, because many heads answer from the same. */
    double answer(HeadVersion version) {
        return (ANSWER_FLOPS + FLOPS_PER_WEIGHT * version.trainableParameters()) / flopsPerToken;
    }

    /** An example: the extraction of its features, passes through the substrate, the step of a readout. */
    int example(LearningSpec learning, FeatureRequest request) {
        double passes = request.observation().tokens() * learning.substratePasses();
        double features = learning.readsFeatures() ? request.tokens() : 0;
        double readout = learning.readoutFlops(request.encoder().featureWidth()) / flopsPerToken;
        return 1 + (int) (passes + features + readout);
    }
}
