// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Readouts that learn online: recursive least squares and gradient steps, with their metrics and snapshots. */
@NullMarked
package dev.reservoir.heads.readout;

import org.jspecify.annotations.NullMarked;
