// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.List;

/**
 * A substrate that heads can be trained through: its norms can be replaced for each sequence, and a forward pass can be
 * recorded for a backward pass. Its own weights stay frozen.
 */
public interface TunableSubstrate extends Substrate {
    /** Norms in a pass, the input norm included. */
    int norms();

    /** The norms as pretrained, always the same row. */
    NormRow ownNorms();

    /**
     * The frozen word embeddings of {@code ids}, {@code [T, D]}, as the substrate reads them for
     * {@link SubstrateInput.TokenIds}.
     */
    float[] wordEmbeddings(int[] ids);

    /**
     * Runs the substrate with norms per sequence: sequence {@code i} uses row {@code slots[i]} of {@code norms}. With
     * {@link #ownNorms} the result equals {@link #forward(List)} up to rounding.
     */
    HiddenStates forward(List<SubstrateInput> sequences, NormBank norms, int[] slots);

    /**
     * The same, recorded for one backward pass. All sequences must be {@link SubstrateInput.Embeddings}. The result
     * owns native memory, so it must always be closed; it must be used and closed on the calling thread.
     */
    TracedForward trace(List<SubstrateInput> sequences, NormBank norms, int[] slots);

    @Override
    default TunableSubstrate pausing(Runnable pause) {
        return this;
    }

    @Override
    default TunableSubstrate tunable() {
        return this;
    }

    /** A recorded forward pass, from which a backward pass can be run. Not thread-safe. */
    interface TracedForward extends AutoCloseable {
        HiddenStates hidden();

        /**
         * Runs the backward pass of a scalar loss, once.
         *
         * @param hiddenGradient {@code [sum T, D]}, the loss's gradient with respect to the hidden states
         */
        Gradients gradients(float[] hiddenGradient);

        @Override
        void close();
    }

    /**
     * The gradients of a pass.
     *
     * @param embeddings {@code [sum T, D]}, with respect to the input rows
     * @param gains {@code [slots, norms, D]}, with respect to the norm gains
     * @param biases {@code [slots, norms, D]}, with respect to the norm biases
     */
    record Gradients(float[] embeddings, float[] gains, float[] biases) {}

    /**
     * Gains and biases of every norm of the substrate, one row per slot.
     *
     * @param gains {@code [slots, norms, D]}, norms in the order in which the program applies them
     * @param biases {@code [slots, norms, D]}
     */
    record NormBank(float[] gains, float[] biases, int slots) {
        /** A bank with one slot per row, in the order of the rows. */
        public static NormBank of(List<NormRow> rows) {
            int width = rows.get(0).gains().length;
            float[] gains = new float[rows.size() * width];
            float[] biases = new float[rows.size() * width];
            for (int slot = 0; slot < rows.size(); slot++) {
                System.arraycopy(rows.get(slot).gains(), 0, gains, slot * width, width);
                System.arraycopy(rows.get(slot).biases(), 0, biases, slot * width, width);
            }
            return new NormBank(gains, biases, rows.size());
        }
    }

    /**
     * Gains and biases of every norm for one head. Never written after construction.
     *
     * @param gains {@code [norms, D]}
     * @param biases {@code [norms, D]}
     */
    record NormRow(float[] gains, float[] biases) {}
}
