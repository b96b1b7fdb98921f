// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/** What of a head learns, and from what: decides what its learner is, and how examples reach it. */
public enum HeadKind {
    /** The readout alone learns, by a {@link FeatureLearner}, from features of the frozen substrate. */
    READOUT,
    /** Parts before and inside the substrate learn as well, by gradients that are taken through it. */
    FPT
}
