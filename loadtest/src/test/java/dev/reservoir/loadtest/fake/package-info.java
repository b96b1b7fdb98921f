// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** A small server that implements the wire contract over a real socket, and can be configured to violate it. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.fake;
