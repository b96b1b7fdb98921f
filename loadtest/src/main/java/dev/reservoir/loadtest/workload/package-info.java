// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The tasks of the demo with their data: real samples shipped as resources ({@code SOURCES.md} beside them gives the
 * origin and licence of each), synthesised speech, and bits generated from a seed.
 */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.workload;
