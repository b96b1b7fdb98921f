// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.TracedForward;
import dev.reservoir.server.substrate.torch.CoBatchingCheck;
import dev.reservoir.server.substrate.torch.Products;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** In f32, on every processor. */
final class CoBatchingTest extends CoBatchingCases {
    CoBatchingTest() {
        super(Products.PACKED_F32);
    }

    @Test
    void plainProductsAreTheSameAloneAndTogetherByTheirSpareRows() {
        try (BertProgram plain = Fixtures.program(BertWeights.random(Fixtures.ONE_BLOCK, 11), Products.PLAIN_F32)) {
            assertThat(CoBatchingCheck.of(plain::forward, plain.limits())).matches(CoBatchingCheck::identical);
        }
    }

    /** In bf16 a traced pass keeps the activations of the feed-forward layer in f32. */
    @Test
    void tracedHiddenStatesAreTheForwardOnesBitForBit() {
        SplittableRandom random = new SplittableRandom(10);
        BertShape shape = Fixtures.ONE_BLOCK;
        NormBank bank = Fixtures.bank(random, 2, shape);
        List<SubstrateInput> sequences = new ArrayList<>();
        for (int length : new int[] {1, 16, 49, 100, 130}) {
            sequences.add(Fixtures.rows(random, length, shape));
        }
        int[] slots = {1, 0, 0, 1, 0};
        BertSubstrate substrate = Fixtures.substrate(program, bank);
        try (TracedForward traced = substrate.trace(sequences, bank, slots)) {
            assertThat(traced.hidden().values())
                    .isEqualTo(substrate.forward(sequences, bank, slots).values());
        }
    }
}
