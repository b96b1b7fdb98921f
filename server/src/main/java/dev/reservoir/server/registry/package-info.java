// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** The heads that exist, and the state of each: its learner and its published version. */
@NullMarked
package dev.reservoir.server.registry;

import org.jspecify.annotations.NullMarked;
