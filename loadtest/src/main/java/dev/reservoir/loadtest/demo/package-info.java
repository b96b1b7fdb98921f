// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** The demo: heads of several modalities trained and served at the same time, scored against their controls. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.demo;
