// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.List;

/**
 * The frozen model, shared by every head: sequences in, hidden states out. Its weights never change.
 *
 * <p>Guarantees: a sequence's hidden states do not depend, bit for bit, on what else is in the call (on a CPU; see
 * {@link SubstrateInfo.Numerics#coBatchingIdentical}); any number of threads may call at once; after {@link #close}
 * calls fail with {@link IllegalStateException}. Empty sequences, those longer than {@link SubstrateInfo#positions} and
 * ids outside the vocabulary fail with {@link IllegalArgumentException}: encoders do not make them.
 */
public interface Substrate extends AutoCloseable {
    SubstrateInfo info();

    /** Turns texts into ids of the substrate's vocabulary; closed with the substrate. */
    TextTokenizer tokenizer();

    /** Runs the substrate: {@code B} sequences in, {@code [sum T, D]} out. */
    HiddenStates forward(List<SubstrateInput> sequences);

    /**
     * The same substrate, whose passes run {@code pause} on the calling thread between their parts, so that the thread
     * can do something more urgent before a long pass ends. The pause may run passes of this substrate; it must not
     * throw. Results are the same. The view is not to be closed. A substrate whose passes have one part returns itself.
     */
    default Substrate pausing(Runnable pause) {
        return this;
    }

    /**
     * This substrate as one that heads can be trained through.
     *
     * @throws Refused {@link Reason#INVALID_FIELD} if its family has no norms to tune or no backward pass
     */
    default TunableSubstrate tunable() {
        throw new Refused(
                Reason.INVALID_FIELD,
                "learning: fpt on substrate " + info().name() + " of family "
                        + info().shape().family()
                        + " (expected: a substrate whose norms can be tuned, or a readout head)");
    }

    @Override
    void close();
}
