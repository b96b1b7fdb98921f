// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.mixing;

import dev.reservoir.heads.TextTokenizer;

/** Words to ids by their hash, between special tokens. */
public final class WordTokenizer implements TextTokenizer {
    @Override
    public int[] encode(String text, int maxTokens) {
        String[] words = text.trim().split("\\s+");
        int[] ids = new int[Math.min(maxTokens, words.length + 2)];
        ids[0] = 1;
        for (int i = 1; i < ids.length - 1; i++) {
            ids[i] = 3 + Math.floorMod(words[i - 1].hashCode(), 997);
        }
        ids[ids.length - 1] = 2;
        return ids;
    }

    @Override
    public void close() {}
}
