// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The BERT family: its weights, shape, tokeniser and program.
 *
 * <p>Letters: {@code B} sequences, {@code T} tokens of a sequence, {@code N} tokens of a batch ({@code sum T}),
 * {@code D} width, {@code F} feed-forward width, {@code S} norm slots. Matrices are {@code [in, out]}.
 */
@NullMarked
package dev.reservoir.server.substrate.bert;

import org.jspecify.annotations.NullMarked;
