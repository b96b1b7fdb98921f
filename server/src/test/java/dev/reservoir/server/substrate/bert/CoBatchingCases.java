// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate.Gradients;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.TracedForward;
import dev.reservoir.server.substrate.torch.PackedBatch;
import dev.reservoir.server.substrate.torch.Products;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * A sequence's hidden states and gradients do not depend, bit for bit, on its company, whatever the products are
 * computed in. One block at the default's real width.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CoBatchingCases {
    private static final int TRIALS = 12;

    private final Products products;
    BertProgram program;

    CoBatchingCases(Products products) {
        this.products = products;
    }

    @BeforeAll
    void load() {
        program = Fixtures.program(BertWeights.random(Fixtures.ONE_BLOCK, 11), products);
    }

    @AfterAll
    void close() {
        if (program != null) {
            program.close();
        }
    }

    @Test
    void everyShortLengthAndEveryThirteenthLongOneIsTheSameAloneAndAmongOthers() {
        SplittableRandom random = new SplittableRandom(5);
        List<SubstrateInput> sequences = new ArrayList<>();
        for (int length = 1; length <= 512; length += length < 96 ? 1 : 13) {
            sequences.add(Fixtures.ids(random, length, Fixtures.ONE_BLOCK));
        }
        sequences.add(Fixtures.ids(random, 512, Fixtures.ONE_BLOCK));
        assertAloneEqualsTogether(sequences);
    }

    @Test
    void anyCompanyAtAnyOffsetFromTwoThreadsAtOnce() throws Exception {
        SplittableRandom random = new SplittableRandom(6);
        List<SubstrateInput> sequences = new ArrayList<>();
        List<float[]> alone = new ArrayList<>();
        for (int length :
                new int[] {1, 1, 2, 3, 3, 4, 5, 7, 8, 9, 15, 16, 16, 17, 31, 33, 49, 64, 65, 81, 100, 128, 129, 150}) {
            SubstrateInput input = length % 3 == 0
                    ? Fixtures.rows(random, length, Fixtures.ONE_BLOCK)
                    : Fixtures.ids(random, length, Fixtures.ONE_BLOCK);
            sequences.add(input);
            alone.add(Fixtures.forward(program, List.of(input)).values());
        }
        ExecutorService lanes = Executors.newFixedThreadPool(2);
        try {
            List<Future<Boolean>> done = new ArrayList<>();
            for (int lane = 0; lane < 2; lane++) {
                SplittableRandom own = random.split();
                done.add(lanes.submit((Callable<Boolean>) () -> {
                    for (int trial = 0; trial < TRIALS; trial++) {
                        int[] places = own.ints(own.nextInt(1, 30), 0, sequences.size())
                                .toArray();
                        HiddenStates together = Fixtures.forward(program, Fixtures.pick(sequences, places));
                        for (int i = 0; i < places.length; i++) {
                            assertThat(Fixtures.sequence(together, i))
                                    .as("%s, place %d", Arrays.toString(places), i)
                                    .isEqualTo(alone.get(places[i]));
                        }
                    }
                    return true;
                }));
            }
            for (Future<Boolean> lane : done) {
                assertThat(lane.get()).isTrue();
            }
        } finally {
            lanes.shutdownNow();
        }
    }

    @Test
    void normsOfASlotGiveTheSameBitsWhateverOtherSlotsAreInTheBatch() {
        SplittableRandom random = new SplittableRandom(8);
        BertShape shape = Fixtures.ONE_BLOCK;
        NormBank bank = Fixtures.bank(random, 3, shape);
        List<SubstrateInput> sequences = new ArrayList<>();
        for (int length : new int[] {16, 3, 1, 49, 16, 130}) {
            sequences.add(Fixtures.rows(random, length, shape));
        }
        int[] slots = {2, 0, 1, 2, 0, 1};
        HiddenStates together = withNorms(sequences, bank, slots);
        for (int i = 0; i < slots.length; i++) {
            HiddenStates alone = withNorms(sequences.subList(i, i + 1), Fixtures.slot(bank, slots[i]), new int[] {0});
            assertThat(Fixtures.sequence(together, i)).isEqualTo(alone.values());
        }
        assertThat(Fixtures.sequence(together, 0)).isNotEqualTo(Fixtures.sequence(together, 4));
    }

    @Test
    void gradientsAreTheSameAloneAndAmongOthersEachInItsOwnSlot() {
        SplittableRandom random = new SplittableRandom(9);
        BertShape shape = Fixtures.ONE_BLOCK;
        int[] lengths = {16, 3, 1, 49, 15, 17, 100, 128, 129, 140, 129, 2, 5, 5, 5, 16};
        int[] slots = IntStream.range(0, lengths.length)
                .map(i -> lengths.length - 1 - i)
                .toArray();
        NormBank bank = Fixtures.bank(random, lengths.length, shape);
        List<SubstrateInput> sequences = new ArrayList<>();
        for (int length : lengths) {
            sequences.add(Fixtures.rows(random, length, shape));
        }
        float[] upstream = Fixtures.floats(random, Arrays.stream(lengths).sum() * shape.width(), 0, 1);
        BertSubstrate substrate = Fixtures.substrate(program, bank);
        Gradients together = gradients(substrate, sequences, bank, slots, upstream);
        int row = shape.norms() * shape.width();
        int start = 0;
        for (int i = 0; i < lengths.length; i++) {
            int end = start + lengths[i] * shape.width();
            Gradients alone = gradients(
                    substrate,
                    sequences.subList(i, i + 1),
                    Fixtures.slot(bank, slots[i]),
                    new int[] {0},
                    Arrays.copyOfRange(upstream, start, end));
            String who = lengths[i] + " tokens";
            int from = slots[i] * row;
            assertThat(Arrays.copyOfRange(together.embeddings(), start, end))
                    .as(who)
                    .isEqualTo(alone.embeddings());
            assertThat(Arrays.copyOfRange(together.gains(), from, from + row))
                    .as(who)
                    .isEqualTo(alone.gains());
            assertThat(Arrays.copyOfRange(together.biases(), from, from + row))
                    .as(who)
                    .isEqualTo(alone.biases());
            start = end;
        }
    }

    private static Gradients gradients(
            BertSubstrate substrate, List<SubstrateInput> sequences, NormBank bank, int[] slots, float[] upstream) {
        try (TracedForward traced = substrate.trace(sequences, bank, slots)) {
            return traced.gradients(upstream);
        }
    }

    private HiddenStates withNorms(List<SubstrateInput> sequences, NormBank bank, int[] slots) {
        PackedBatch batch = PackedBatch.of(sequences, program.limits());
        NormRows rows = NormRows.of(bank, slots, batch, program.shape());
        return program.forward(
                batch,
                rows,
                null,
                hidden -> batch.unpack(hidden, program.shape().width()));
    }

    private void assertAloneEqualsTogether(List<SubstrateInput> sequences) {
        HiddenStates together = Fixtures.forward(program, sequences);
        IntStream.range(0, sequences.size())
                .forEach(i -> assertThat(Fixtures.sequence(together, i))
                        .as("%d tokens", together.tokens(i))
                        .isEqualTo(Fixtures.forward(program, sequences.subList(i, i + 1))
                                .values()));
    }
}
