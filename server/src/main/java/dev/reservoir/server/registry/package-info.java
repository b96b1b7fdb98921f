// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Which heads exist, and what state each is in: its learner and what is published of it. */
@NullMarked
package dev.reservoir.server.registry;

import org.jspecify.annotations.NullMarked;
