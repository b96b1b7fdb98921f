// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/** Which parts of a head learn, and from what. Decides the type of its learner and how examples reach it. */
public enum HeadKind {
    /** The readout alone learns, by a {@link FeatureLearner}, from features of the frozen substrate. */
    READOUT,
    /** Parts before and inside the substrate learn as well, by backpropagation through it. */
    FPT
}
