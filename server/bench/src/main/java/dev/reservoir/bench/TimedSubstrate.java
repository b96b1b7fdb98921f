// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TextTokenizer;
import dev.reservoir.heads.TunableSubstrate;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Adds up the time that training spends in a substrate. Not thread-safe; does not close it. */
final class TimedSubstrate implements TunableSubstrate {
    private final TunableSubstrate substrate;
    private final LongSupplier clock;
    private long nanos;

    TimedSubstrate(TunableSubstrate substrate, LongSupplier clock) {
        this.substrate = substrate;
        this.clock = clock;
    }

    /** Since the last call of this. */
    long takeNanos() {
        long taken = nanos;
        nanos = 0;
        return taken;
    }

    private <T> T timed(Supplier<T> call) {
        long start = clock.getAsLong();
        T result = call.get();
        nanos += clock.getAsLong() - start;
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
        return timed(() -> substrate.forward(sequences));
    }

    @Override
    public HiddenStates forward(List<SubstrateInput> sequences, NormBank norms, int[] slots) {
        return timed(() -> substrate.forward(sequences, norms, slots));
    }

    @Override
    public TracedForward trace(List<SubstrateInput> sequences, NormBank norms, int[] slots) {
        TracedForward traced = timed(() -> substrate.trace(sequences, norms, slots));
        return new TracedForward() {
            @Override
            public HiddenStates hidden() {
                return timed(traced::hidden);
            }

            @Override
            public Gradients gradients(float[] hiddenGradient) {
                return timed(() -> traced.gradients(hiddenGradient));
            }

            @Override
            public void close() {
                timed(() -> {
                    traced.close();
                    return 0;
                });
            }
        };
    }

    @Override
    public NormRow ownNorms() {
        return substrate.ownNorms();
    }

    @Override
    public float[] wordEmbeddings(int[] ids) {
        return timed(() -> substrate.wordEmbeddings(ids));
    }

    @Override
    public void close() {
        throw new IllegalStateException("timed substrate: closed (expected: left to its owner)");
    }
}
