// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Counters and histograms of the server: plain objects, passed by constructor to the classes that update them. */
@NullMarked
package dev.reservoir.server.metrics;

import org.jspecify.annotations.NullMarked;
