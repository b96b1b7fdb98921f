// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * What taking an example in is, whatever front end it came through: one writer a head, decoding, and admitting its
 * number and queueing it in one step; and the observations that wait for their truth.
 */
@NullMarked
package dev.reservoir.server.intake;

import org.jspecify.annotations.NullMarked;
