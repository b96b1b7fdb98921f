// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Bounds, in bytes, on what the server stores for clients. */
@NullMarked
package dev.reservoir.server.memory;

import org.jspecify.annotations.NullMarked;
