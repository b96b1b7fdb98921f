// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * What runs any TorchScript program in libtorch: its source and archive, packed batches, frozen tensors, digests.
 *
 * <p>Letters: {@code B} sequences, {@code T} tokens of a sequence, {@code N} tokens of a batch ({@code sum T}),
 * {@code D} width. Matrices are {@code [in, out]}.
 */
@NullMarked
package dev.reservoir.server.substrate.torch;

import org.jspecify.annotations.NullMarked;
