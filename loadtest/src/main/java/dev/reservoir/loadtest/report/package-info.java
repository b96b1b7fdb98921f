// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** What a run shows and writes: tables on the terminal, curves as PNG, figures as JSON. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.report;
