// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Counters and histograms of what the server does: plain objects, given to whoever counts by its constructor. */
@NullMarked
package dev.reservoir.server.metrics;

import org.jspecify.annotations.NullMarked;
