// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/** The tokeniser that belongs to a substrate. Any number of threads may call at once. */
public interface TextTokenizer extends AutoCloseable {
    /** Ids of the text, cut to {@code maxTokens}, the special tokens [CLS] and [SEP] around it included. */
    int[] encode(String text, int maxTokens);

    @Override
    void close();
}
