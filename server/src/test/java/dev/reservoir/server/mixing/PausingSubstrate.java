// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.mixing;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TextTokenizer;
import dev.reservoir.heads.TunableSubstrate;
import java.util.List;

/** A substrate that pauses after each pass. */
final class PausingSubstrate implements TunableSubstrate {
    private final TunableSubstrate substrate;
    private final Runnable pause;

    PausingSubstrate(TunableSubstrate substrate, Runnable pause) {
        this.substrate = substrate;
        this.pause = pause;
    }

    private <T> T paused(T result) {
        pause.run();
        return result;
    }

    @Override
    public SubstrateInfo info() {
        return substrate.info();
    }

    @Override
    public TextTokenizer tokenizer() {
        return substrate.tokenizer();
    }

    @Override
    public int norms() {
        return substrate.norms();
    }

    @Override
    public HiddenStates forward(List<SubstrateInput> sequences) {
        return paused(substrate.forward(sequences));
    }

    @Override
    public HiddenStates forward(List<SubstrateInput> sequences, NormBank norms, int[] slots) {
        return paused(substrate.forward(sequences, norms, slots));
    }

    @Override
    public TracedForward trace(List<SubstrateInput> sequences, NormBank norms, int[] slots) {
        return paused(substrate.trace(sequences, norms, slots));
    }

    @Override
    public NormRow ownNorms() {
        return substrate.ownNorms();
    }

    @Override
    public float[] wordEmbeddings(int[] ids) {
        return substrate.wordEmbeddings(ids);
    }

    @Override
    public void close() {
        throw new IllegalStateException("view: closed (expected: left to its owner)");
    }
}
