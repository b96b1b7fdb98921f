// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Lanes: threads that form batches, run the substrate, answer predictions and step learners. */
@NullMarked
package dev.reservoir.server.engine;

import org.jspecify.annotations.NullMarked;
