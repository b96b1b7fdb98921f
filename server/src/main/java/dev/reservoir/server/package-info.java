// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Command line, configuration, and the wiring of all packages by plain constructors. */
@NullMarked
package dev.reservoir.server;

import org.jspecify.annotations.NullMarked;
