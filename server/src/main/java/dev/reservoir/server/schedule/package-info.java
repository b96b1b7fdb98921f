// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Decides what runs next: fair queues and batch policy. Free of threads, locks and clocks. No class in it is
 * thread-safe.
 */
@NullMarked
package dev.reservoir.server.schedule;

import org.jspecify.annotations.NullMarked;
