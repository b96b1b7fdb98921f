// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Heads: what they are made of, what they read and answer, and the port to the frozen substrate they read through.
 *
 * <p>Legend of shapes, everywhere: {@code B} batch, {@code T} tokens, {@code D} substrate width, {@code F} feature
 * width, {@code C} outputs, {@code N} examples. Weights are {@code [in, out]}, row-major.
 */
@NullMarked
package dev.reservoir.heads;

import org.jspecify.annotations.NullMarked;
