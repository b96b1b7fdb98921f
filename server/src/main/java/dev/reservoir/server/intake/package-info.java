// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Accepts examples from any front end: one writer per head, decoding, and admitting the number and queueing the example
 * in one step; and stores the observations that wait for their truth.
 */
@NullMarked
package dev.reservoir.server.intake;

import org.jspecify.annotations.NullMarked;
