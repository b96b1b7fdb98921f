package dev.reservoir.server.mixing;

import dev.reservoir.heads.TextTokenizer;

/** Words to ids by their hash. */
public final class WordTokenizer implements TextTokenizer {
    @Override
    public int[] encode(String text, int maxTokens) {
        String[] words = text.trim().split("\\s+");
        int[] ids = new int[Math.min(maxTokens, words.length)];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Math.floorMod(words[i].hashCode(), 1_000);
        }
        return ids;
    }

    @Override
    public void close() {}
}
