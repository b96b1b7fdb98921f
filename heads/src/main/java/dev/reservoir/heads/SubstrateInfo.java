// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/** A description of a substrate: its identity, its shape and its numerics in this process. */
public record SubstrateInfo(Identity identity, Shape shape, Numerics numerics) {

    /**
     * Which substrate.
     *
     * @param name for example {@code minilm} or {@code random:minilm}
     * @param digest SHA-256 over weights, configuration, precision and program, 64 hexadecimal characters
     */
    public record Identity(String name, String digest) {}

    /** The sizes of a substrate: what all families have in common, and one record per family. */
    public sealed interface Shape {
        /** The block scaffold, for example {@code bert}. */
        String family();

        /** Width {@code D} of a hidden state. */
        int width();

        /** Size of the vocabulary: token ids are below it. */
        int vocabulary();

        /** Largest number of tokens in a sequence. */
        int positions();

        /** Number of parameters. */
        long parameters();

        /** Floating-point operations of one token's products with frozen weights, forward. */
        double flopsPerToken();

        /** An encoder of attention blocks: Devlin et al. 2019, arXiv 1810.04805. */
        record Bert(
                int layers,
                int width,
                int attentionHeads,
                int feedForwardWidth,
                int vocabulary,
                int positions,
                long parameters)
                implements Shape {
            @Override
            public String family() {
                return "bert";
            }

            @Override
            public double flopsPerToken() {
                return 2.0 * layers * width * (4.0 * width + 2.0 * feedForwardWidth);
            }
        }

        /** A mixer of tokens without attention. */
        record Mixing(int width, int vocabulary, int positions, long parameters) implements Shape {
            @Override
            public String family() {
                return "mixing";
            }

            @Override
            public double flopsPerToken() {
                return 2.0 * width;
            }
        }
    }

    /**
     * How the substrate computes in this process.
     *
     * @param precision {@code f32} or {@code bf16}, inside the program
     * @param precisionReason why that one
     * @param device for example {@code cpu} or {@code cuda:0}
     * @param weightBytes bytes of the weights as stored
     * @param coBatchingIdentical whether the start-up check found hidden states to be bit-identical alone and
     *     co-batched
     * @param coBatchingCheck what that check compared
     */
    public record Numerics(
            String precision,
            String precisionReason,
            String device,
            long weightBytes,
            boolean coBatchingIdentical,
            String coBatchingCheck) {}

    public String name() {
        return identity.name();
    }

    public String digest() {
        return identity.digest();
    }

    public int width() {
        return shape.width();
    }

    public int vocabulary() {
        return shape.vocabulary();
    }

    /** Largest number of tokens in a sequence. */
    public int positions() {
        return shape.positions();
    }
}
