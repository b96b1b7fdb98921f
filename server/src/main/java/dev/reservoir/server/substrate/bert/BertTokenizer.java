// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.reservoir.heads.TextTokenizer;
import dev.reservoir.server.substrate.torch.NativeRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;

/**
 * The artifact's own tokeniser: {@code [CLS] pieces [SEP]}. The length limits that the artifact brings are switched
 * off.
 */
final class BertTokenizer implements TextTokenizer {
    private final HuggingFaceTokenizer tokenizer;

    BertTokenizer(InputStream json) {
        tokenizer = NativeRuntime.unpacking(() -> {
            try {
                return HuggingFaceTokenizer.newInstance(json, Map.of("truncation", "false", "padding", "false"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** Truncates before [SEP], which is kept. */
    @Override
    public int[] encode(String text, int maxTokens) {
        if (maxTokens < 2) {
            throw new IllegalArgumentException("max tokens: " + maxTokens + " (expected: >= 2, both end marks)");
        }
        long[] all = tokenizer.encode(text).getIds();
        int[] ids = new int[Math.min(all.length, maxTokens)];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) all[i];
        }
        ids[ids.length - 1] = (int) all[all.length - 1];
        return ids;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
