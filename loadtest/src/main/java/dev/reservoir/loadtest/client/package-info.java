// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * A client of the wire contract: the server as a child process, training and prediction streams, open-loop load.
 *
 * <p>Nothing here depends on a workload or prints: callers pass observations in and read futures, listeners and
 * reports.
 */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.client;
