package dev.reservoir.heads;

import java.util.List;

/**
 * The frozen model, shared by every head: sequences in, hidden states out. Its weights never change.
 *
 * <p>Guarantees: a sequence's hidden states do not depend, bit for bit, on what else is in the call (on a CPU; see {@link
 * SubstrateInfo#coBatchingIdentical}); any number of threads may call at once; after {@link #close} calls fail with {@link
 * IllegalStateException}. Sequences longer than {@link SubstrateInfo#positions}, empty ones and ids outside the vocabulary fail with {@link
 * IllegalArgumentException}: encoders do not make them.
 */
public interface Substrate extends AutoCloseable {
    SubstrateInfo info();

    /** Runs the substrate with its own norms: {@code B} sequences in, {@code [sum T, D]} out. */
    HiddenStates forward(List<SubstrateInput> sequences);

    /**
     * Runs the substrate with norms per sequence: sequence {@code i} uses row {@code slots[i]} of {@code norms}. With {@link
     * #ownNorms} the result equals {@link #forward(List)} up to rounding.
     */
    HiddenStates forward(List<SubstrateInput> sequences, NormBank norms, int[] slots);

    /**
     * The same, kept so that gradients can be taken once. All sequences must be {@link SubstrateInput.Embeddings}. Close it in any case: it
     * holds native memory. Must be used and closed on the calling thread.
     */
    TracedForward trace(List<SubstrateInput> sequences, NormBank norms, int[] slots);

    /**
     * The same substrate, whose passes run {@code pause} on the calling thread between their parts, so that the thread can do something more urgent
     * before a long pass ends. The pause may run passes of this substrate; it must not throw. Results are the same. The view is not to be closed. A
     * substrate whose passes have one part returns itself.
     */
    default Substrate pausing(Runnable pause) {
        return this;
    }

    @Override
    void close();

    /** A forward pass that can be followed back. */
    interface TracedForward extends AutoCloseable {
        HiddenStates hidden();

        /**
         * Gradients of a scalar loss, once.
         *
         * @param hiddenGradient {@code [sum T, D]}, the loss's gradient by the hidden states
         */
        Gradients gradients(float[] hiddenGradient);

        @Override
        void close();
    }

    /**
     * @param embeddings {@code [sum T, D]}, by the input rows
     * @param gains {@code [slots, norms, D]}, by the norm gains
     * @param biases {@code [slots, norms, D]}, by the norm biases
     */
    record Gradients(float[] embeddings, float[] gains, float[] biases) {}

    /**
     * Gains and biases of every norm of the substrate, a row a head.
     *
     * @param gains {@code [slots, norms, D]}, norms in the order in which the program applies them
     * @param biases {@code [slots, norms, D]}
     */
    record NormBank(float[] gains, float[] biases, int slots) {
        /** A bank with a slot for each of some rows, in their order. */
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

    /** The substrate's own norms. */
    NormRow ownNorms();

    /** The frozen embeddings of some words, {@code [T, D]}: what {@link SubstrateInput.TokenIds} stand for. */
    float[] wordEmbeddings(int[] ids);
}
