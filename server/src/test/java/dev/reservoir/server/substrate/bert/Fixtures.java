// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import ai.djl.Device;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TextTokenizer;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.NormRow;
import dev.reservoir.server.substrate.torch.NativeRuntime;
import dev.reservoir.server.substrate.torch.PackedBatch;
import dev.reservoir.server.substrate.torch.Products;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Small substrates and inputs from seeds. */
final class Fixtures {
    /** Every part is there: two layers, a depth and a width that are no round numbers. */
    static final BertShape TINY = new BertShape(2, 48, 3, 600, 50, 40, 2, 1e-12);

    /** One block of the default substrate. */
    static final BertShape ONE_BLOCK = new BertShape(1, 384, 12, 1536, 500, 512, 2, 1e-12);

    /** A letter is a word. */
    private static final TextTokenizer LETTERS = new TextTokenizer() {
        @Override
        public int[] encode(String text, int maxTokens) {
            return text.chars().limit(maxTokens).map(letter -> letter % 40).toArray();
        }

        @Override
        public void close() {}
    };

    private Fixtures() {}

    static BertProgram program(BertWeights weights, Products products) {
        NativeRuntime.load(1);
        return new BertProgram(weights, products, Device.cpu(), 1);
    }

    /** A substrate over a program, whose own norms are the first of a bank. */
    static BertSubstrate substrate(BertProgram program, NormBank bank) {
        return substrate(program, bank, LETTERS);
    }

    static BertSubstrate substrate(BertProgram program, NormBank bank, TextTokenizer tokenizer) {
        return new BertSubstrate(
                "test",
                program,
                row(bank),
                tokenizer,
                new SubstrateInfo.Numerics(
                        program.products().precision(), "a test", "cpu", program.weightBytes(), true, "a test"));
    }

    static HiddenStates forward(BertProgram program, List<SubstrateInput> sequences) {
        PackedBatch batch = PackedBatch.of(sequences, program.limits());
        return program.forward(
                batch,
                NormRows.OWN,
                null,
                rows -> batch.unpack(rows, program.shape().width()));
    }

    static SubstrateInput.TokenIds ids(SplittableRandom random, int tokens, BertShape shape) {
        return new SubstrateInput.TokenIds(
                random.ints(tokens, 0, shape.vocabulary()).toArray());
    }

    static SubstrateInput.Embeddings rows(SplittableRandom random, int tokens, BertShape shape) {
        return new SubstrateInput.Embeddings(floats(random, tokens * shape.width(), 0, 1), tokens);
    }

    static float[] floats(SplittableRandom random, int count, double middle, double spread) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (middle + spread * (2 * random.nextDouble() - 1));
        }
        return numbers;
    }

    static NormBank bank(SplittableRandom random, int slots, BertShape shape) {
        int count = slots * shape.norms() * shape.width();
        return new NormBank(floats(random, count, 1, 0.3), floats(random, count, 0, 0.3), slots);
    }

    /** One slot of a bank, as a bank. */
    static NormBank slot(NormBank bank, int slot) {
        int row = bank.gains().length / bank.slots();
        return new NormBank(
                Arrays.copyOfRange(bank.gains(), slot * row, (slot + 1) * row),
                Arrays.copyOfRange(bank.biases(), slot * row, (slot + 1) * row),
                1);
    }

    /** The first slot of a bank, as a substrate's own norms. */
    static NormRow row(NormBank bank) {
        NormBank first = slot(bank, 0);
        return new NormRow(first.gains(), first.biases());
    }

    static float[] sequence(HiddenStates hidden, int sequence) {
        int start = hidden.start(sequence);
        return Arrays.copyOfRange(hidden.values(), start, start + hidden.tokens(sequence) * hidden.width());
    }

    /** Norm of the difference over the norm of the expected. */
    static double relativeError(float[] actual, double[] expected) {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            size += expected[i] * expected[i];
        }
        return Math.sqrt(difference / size);
    }

    static double[] doubles(float[] numbers) {
        double[] wide = new double[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            wide[i] = numbers[i];
        }
        return wide;
    }

    static <T> List<T> pick(List<T> all, int[] places) {
        List<T> picked = new ArrayList<>();
        for (int place : places) {
            picked.add(all.get(place));
        }
        return picked;
    }
}
