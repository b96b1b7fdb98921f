// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.server.substrate.Processor;
import dev.reservoir.server.substrate.torch.CoBatchingCheck;
import dev.reservoir.server.substrate.torch.Products;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Hidden states in bf16 against those in f32. */
final class Bf16Test {
    @Test
    void bf16IsWithinThreePercentOfF32() {
        assumeThat(Processor.read().bf16())
                .as("this processor has neither avx512_bf16 nor amx_bf16")
                .isTrue();
        closeToF32(Fixtures.ONE_BLOCK);
    }

    @Test
    void bf16OfATinyShapeIsWithinThreePercentOnAnyProcessor() {
        closeToF32(Fixtures.TINY);
    }

    private static void closeToF32(BertShape shape) {
        BertWeights weights = BertWeights.random(shape, 5);
        SplittableRandom random = new SplittableRandom(5);
        List<SubstrateInput> sequences = List.of(
                Fixtures.ids(random, 7, shape), Fixtures.ids(random, 1, shape), Fixtures.ids(random, 30, shape));
        try (BertProgram low = Fixtures.program(weights, Products.PLAIN_BF16);
                BertProgram full = Fixtures.program(weights, Products.PACKED_F32)) {
            HiddenStates rough = Fixtures.forward(low, sequences);
            HiddenStates exact = Fixtures.forward(full, sequences);
            assertThat(Fixtures.relativeError(rough.values(), Fixtures.doubles(exact.values())))
                    .isBetween(1e-6, 0.03);
            assertThat(low.digest()).isNotEqualTo(full.digest());
            assertThat(CoBatchingCheck.of(low::forward, low.limits())).matches(CoBatchingCheck::identical);
        }
    }
}
