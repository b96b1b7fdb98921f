// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate.Gradients;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.TracedForward;
import dev.reservoir.server.substrate.torch.Products;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The backward pass against finite differences of the plain loops in double precision. */
final class GradientTest {
    private static final BertShape SHAPE = new BertShape(2, 48, 3, 600, 50, 130, 2, 1e-12);
    private static final double STEP = 1e-5;

    @ParameterizedTest
    @EnumSource(
            value = Products.class,
            names = {"PACKED_F32", "PLAIN_F32"})
    void agreesWithFiniteDifferencesForEachSlot(Products products) {
        agreesWithFiniteDifferences(products, 25, 5, 1, 5, 9);
    }

    /** Attention has another backward pass for sequences longer than 128 tokens. */
    @ParameterizedTest
    @EnumSource(
            value = Products.class,
            names = {"PACKED_F32", "PLAIN_F32"})
    void agreesWithFiniteDifferencesForLongSequences(Products products) {
        agreesWithFiniteDifferences(products, 8, 129, 3);
    }

    private static void agreesWithFiniteDifferences(Products products, int probes, int... lengths) {
        SplittableRandom random = new SplittableRandom(21);
        // Larger weights than BERT starts with: the way through every product must show in the gradient.
        BertWeights weights = Scaled.by(12, BertWeights.random(SHAPE, 3));
        NormBank bank = Fixtures.bank(random, 3, SHAPE);
        int[] slots = Arrays.copyOf(new int[] {2, 0, 0, 2}, lengths.length);
        List<SubstrateInput> sequences = new ArrayList<>();
        for (int length : lengths) {
            sequences.add(Fixtures.rows(random, length, SHAPE));
        }
        float[] upstream = Fixtures.floats(random, Arrays.stream(lengths).sum() * SHAPE.width(), 0, 1);
        try (BertProgram program = Fixtures.program(weights, products)) {
            BertSubstrate substrate = Fixtures.substrate(program, bank);
            Gradients gradients;
            try (TracedForward traced = substrate.trace(sequences, bank, slots)) {
                HiddenStates forward = substrate.forward(sequences, bank, slots);
                assertThat(traced.hidden().values()).containsExactly(forward.values(), Offset.offset(1e-5f));
                gradients = traced.gradients(upstream);
            }
            Loss loss = new Loss(new NaiveBert(weights), sequences, bank, slots, upstream);
            check("embeddings", gradients.embeddings(), random, loss, 0, probes);
            check("gains", gradients.gains(), random, loss, 1, probes);
            check("biases", gradients.biases(), random, loss, 2, probes);
            int row = SHAPE.norms() * SHAPE.width();
            assertThat(Arrays.copyOfRange(gradients.gains(), row, 2 * row)).containsOnly(0f);
        }
    }

    @Test
    void isComputedOnceAndOfTheRightSize() {
        SplittableRandom random = new SplittableRandom(4);
        List<SubstrateInput> one = List.of(Fixtures.rows(random, 2, SHAPE));
        NormBank bank = Fixtures.bank(random, 1, SHAPE);
        try (BertProgram program = Fixtures.program(BertWeights.random(SHAPE, 3), Products.PACKED_F32)) {
            BertSubstrate substrate = Fixtures.substrate(program, bank);
            TracedForward traced = substrate.trace(one, bank, new int[] {0});
            assertThatThrownBy(() -> traced.gradients(new float[7]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("hidden gradient: 7 numbers (expected: 2 rows of 48)");
            traced.gradients(new float[96]);
            assertThatThrownBy(() -> traced.gradients(new float[96])).isInstanceOf(IllegalStateException.class);
            traced.close();
            traced.close();
            assertThatThrownBy(traced::hidden).isInstanceOf(IllegalStateException.class);
            List<SubstrateInput> ids = List.of(Fixtures.ids(random, 2, SHAPE));
            assertThatThrownBy(() -> substrate.trace(ids, bank, new int[] {0})).hasMessageContaining("embeddings only");
        }
    }

    private static void check(
            String what, float[] gradient, SplittableRandom random, Loss loss, int argument, int probes) {
        double size = 0;
        for (float value : gradient) {
            size = Math.max(size, Math.abs(value));
        }
        assertThat(size).as(what).isGreaterThan(0.01);
        for (int probe = 0; probe < probes; probe++) {
            int at = random.nextInt(gradient.length);
            double difference = (loss.at(argument, at, STEP) - loss.at(argument, at, -STEP)) / (2 * STEP);
            assertThat((double) gradient[at]).as("%s[%d]", what, at).isEqualTo(difference, Offset.offset(2e-4 * size));
        }
    }

    /** Upstream times hidden states, with one number moved. */
    private record Loss(NaiveBert naive, List<SubstrateInput> sequences, NormBank bank, int[] slots, float[] upstream) {
        double at(int argument, int index, double step) {
            int row = SHAPE.norms() * SHAPE.width();
            double[] gains = Fixtures.doubles(bank.gains());
            double[] biases = Fixtures.doubles(bank.biases());
            if (argument > 0) {
                (argument == 1 ? gains : biases)[index] += step;
            }
            double total = 0;
            int offset = 0;
            for (int i = 0; i < slots.length; i++) {
                double[] rows = Fixtures.doubles(((SubstrateInput.Embeddings) sequences.get(i)).rows());
                if (argument == 0 && index >= offset && index < offset + rows.length) {
                    rows[index - offset] += step;
                }
                double[] hidden = naive.forward(
                        rows,
                        Arrays.copyOfRange(gains, slots[i] * row, (slots[i] + 1) * row),
                        Arrays.copyOfRange(biases, slots[i] * row, (slots[i] + 1) * row));
                for (int k = 0; k < hidden.length; k++) {
                    total += hidden[k] * upstream[offset + k];
                }
                offset += rows.length;
            }
            return total;
        }
    }
}
