// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Bounds, in bytes, of what clients make the server hold. */
@NullMarked
package dev.reservoir.server.memory;

import org.jspecify.annotations.NullMarked;
