// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.substrate.torch.PackedBatch;

/**
 * Sizes of a BERT encoder.
 *
 * @param epsilon added to the variance in every norm
 */
public record BertShape(
        int layers,
        int width,
        int attentionHeads,
        int feedForwardWidth,
        int vocabulary,
        int positions,
        int tokenTypes,
        double epsilon) {

    /** all-MiniLM-L6-v2. */
    public static final BertShape MINILM = new BertShape(6, 384, 12, 1536, 30522, 512, 2, 1e-12);

    public BertShape {
        int least = Math.min(
                Math.min(Math.min(layers, width), Math.min(attentionHeads, feedForwardWidth)),
                Math.min(Math.min(vocabulary, positions), tokenTypes));
        if (least < 1 || width % attentionHeads != 0) {
            throw new IllegalArgumentException(
                    "BERT shape: " + layers + " layers, width " + width + ", " + attentionHeads + " attention heads"
                            + " (expected: sizes of at least 1, a width that attention heads divide)");
        }
    }

    /** Norms of a pass: the embedding's, then two a layer. */
    public int norms() {
        return 1 + 2 * layers;
    }

    /** This shape as the port describes it. */
    SubstrateInfo.Shape described() {
        return new SubstrateInfo.Shape.Bert(
                layers, width, attentionHeads, feedForwardWidth, vocabulary, positions, parameters());
    }

    /** The number of weights. */
    long parameters() {
        long matrices = 4L * width * width + 2L * width * feedForwardWidth;
        long vectors = 9L * width + feedForwardWidth;
        long rows = (long) vocabulary + positions + tokenTypes + 2;
        return layers * (matrices + vectors) + rows * width;
    }

    PackedBatch.Limits limits() {
        return new PackedBatch.Limits(width, vocabulary, positions);
    }

    /** Every value of this shape in one fixed form, as it enters the digest. */
    String configuration() {
        return "bert layers=" + layers + " width=" + width + " attention_heads=" + attentionHeads
                + " feed_forward_width=" + feedForwardWidth + " vocabulary=" + vocabulary + " positions=" + positions
                + " token_types=" + tokenTypes + " epsilon=" + epsilon;
    }
}
