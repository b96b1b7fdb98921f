// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** A second, tiny substrate for tests of what is built around one. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.server.mixing;
