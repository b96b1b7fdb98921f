// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Figures compared with peers and with a bare matrix product, each a ratio of sides measured alternately in the same
 * run.
 */
@NullMarked
package dev.reservoir.loadtest.bench;

import org.jspecify.annotations.NullMarked;
