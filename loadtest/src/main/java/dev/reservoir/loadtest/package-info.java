// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** The command line of the programs that drive a server from outside; they depend on the wire contract alone. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest;
