// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Writes the substrate, or a head of a running server on it, as files that plain PyTorch reads. */
@NullMarked
package dev.reservoir.server.export;

import org.jspecify.annotations.NullMarked;
