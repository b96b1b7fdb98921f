// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.TunableSubstrate.Gradients;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.TracedForward;
import dev.reservoir.server.substrate.torch.Products;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PausingTest {
    private static final BertShape SHAPE = Fixtures.TINY;

    private static BertProgram program;
    private static TunableSubstrate substrate;
    private static NormBank bank;
    private static List<SubstrateInput> sequences;

    @BeforeAll
    static void load() {
        SplittableRandom random = new SplittableRandom(31);
        program = Fixtures.program(BertWeights.random(SHAPE, 31), Products.PACKED_F32);
        bank = Fixtures.bank(random, 2, SHAPE);
        substrate = Fixtures.substrate(program, bank);
        sequences = List.of(
                Fixtures.rows(random, 5, SHAPE), Fixtures.rows(random, 3, SHAPE), Fixtures.rows(random, 5, SHAPE));
    }

    @AfterAll
    static void close() {
        program.close();
    }

    private static Gradients gradients(TunableSubstrate of, float[] upstream) {
        try (TracedForward traced = of.trace(sequences, bank, new int[] {1, 0, 0})) {
            return traced.gradients(upstream);
        }
    }

    @Test
    void passesPauseBetweenLayersAndGiveTheSameBitsWhateverThePauseRuns() {
        float[] upstream = substrate.forward(sequences).values();
        Gradients expected = gradients(substrate, upstream);
        AtomicInteger pauses = new AtomicInteger();
        TunableSubstrate pausing = substrate.pausing(() -> {
            pauses.incrementAndGet();
            gradients(substrate, upstream);
        });

        assertThat(pausing.forward(sequences).values()).isEqualTo(upstream);
        assertThat(pauses).hasValue(SHAPE.layers());
        assertThat(pausing.forward(sequences, bank, new int[] {1, 0, 0}).values())
                .isEqualTo(
                        substrate.forward(sequences, bank, new int[] {1, 0, 0}).values());
        assertThat(pauses).hasValue(2 * SHAPE.layers());
        Gradients gradients = gradients(pausing, upstream);
        assertThat(pauses).hasValue(4 * SHAPE.layers());
        assertThat(gradients.embeddings()).isEqualTo(expected.embeddings());
        assertThat(gradients.gains()).isEqualTo(expected.gains());
        assertThat(gradients.biases()).isEqualTo(expected.biases());
    }
}
