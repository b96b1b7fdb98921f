// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import dev.reservoir.heads.TextTokenizer;

/**
 * A BERT encoder identified by its name: {@code minilm}, or {@code random:minilm} for its shape with random weights.
 */
public final class BertModel {
    private static final String MINILM = "minilm";
    private static final String RANDOM = "random:" + MINILM;
    private static final long RANDOM_SEED = 20260101L;

    private final String name;
    private final MiniLmArtifact artifact = new MiniLmArtifact();

    private BertModel(String name) {
        this.name = name;
    }

    /**
     * Finds a model; nothing is loaded.
     *
     * @throws IllegalArgumentException for an unknown name
     */
    public static BertModel named(String name) {
        if (!name.equals(MINILM) && !name.equals(RANDOM)) {
            throw new IllegalArgumentException("substrate: " + name + " (expected: " + MINILM + " or " + RANDOM + ")");
        }
        return new BertModel(name);
    }

    public String name() {
        return name;
    }

    /** Reads the weights from the class path, or draws them from their fixed seed. */
    public BertWeights weights() {
        return name.equals(RANDOM) ? BertWeights.random(BertShape.MINILM, RANDOM_SEED) : artifact.weights();
    }

    /** Loads the tokeniser. */
    public TextTokenizer tokenizer() {
        return artifact.tokenizer();
    }
}
