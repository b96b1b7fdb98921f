// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/** One sequence for the substrate: ids of its own vocabulary, or rows that take the place of its token embeddings. */
public sealed interface SubstrateInput {
    /** {@code T}, at least 1. */
    int tokens();

    /** @param ids {@code [T]}, of the substrate's vocabulary */
    record TokenIds(int[] ids) implements SubstrateInput {
        @Override
        public int tokens() {
            return ids.length;
        }
    }

    /**
     * @param rows {@code [T, D]}; the substrate adds its positions and applies its input norm as it does to its own
     *     embeddings
     */
    record Embeddings(float[] rows, int tokens) implements SubstrateInput {}
}
