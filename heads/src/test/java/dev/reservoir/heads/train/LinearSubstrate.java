// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TextTokenizer;
import dev.reservoir.heads.TunableSubstrate;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A small substrate whose gradients are exact by hand: {@code h_t = gain * (x_t M + mean(x)) + bias}, one norm,
 * {@code D} = 6. Sequences do not influence each other.
 */
final class LinearSubstrate implements TunableSubstrate {
    static final int D = 6;
    private static final int VOCABULARY = 40;

    /** A letter is a word. */
    private static final TextTokenizer TOKENIZER = new TextTokenizer() {
        @Override
        public int[] encode(String text, int maxTokens) {
            return text.chars()
                    .limit(maxTokens)
                    .map(letter -> letter % VOCABULARY)
                    .toArray();
        }

        @Override
        public void close() {}
    };

    private final float[] mixing = new float[D * D];
    private final float[] words = new float[VOCABULARY * D];
    int passes;
    int sequences;
    /** Passes that throw. */
    Predicate<List<SubstrateInput>> broken = sequences -> false;
    /** What they throw. */
    Supplier<Throwable> fault = () -> new IllegalStateException("linear: broken on request");
    /** Sequences whose hidden states are not finite. */
    Predicate<SubstrateInput> poisoned = sequence -> false;

    LinearSubstrate() {
        Random random = new Random(11);
        fill(mixing, random);
        fill(words, random);
    }

    /** {@code M[in, out]}. */
    float mixing(int in, int out) {
        return mixing[in * D + out];
    }

    private static void fill(float[] values, Random random) {
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.5 * random.nextGaussian());
        }
    }

    @Override
    public SubstrateInfo info() {
        return new SubstrateInfo(
                new SubstrateInfo.Identity("linear", "0".repeat(64)),
                new SubstrateInfo.Shape.Mixing(D, VOCABULARY, 64, mixing.length),
                new SubstrateInfo.Numerics(
                        "f32", "the only one", "cpu", 4L * mixing.length, true, "no sums across sequences"));
    }

    @Override
    public TextTokenizer tokenizer() {
        return TOKENIZER;
    }

    @Override
    public int norms() {
        return 1;
    }

    @Override
    public HiddenStates forward(List<SubstrateInput> sequences) {
        return forward(sequences, NormBank.of(List.of(ownNorms())), new int[sequences.size()]);
    }

    @Override
    public HiddenStates forward(List<SubstrateInput> sequences, NormBank norms, int[] slots) {
        passes++;
        this.sequences += sequences.size();
        if (broken.test(sequences)) {
            Throwable thrown = fault.get();
            if (thrown instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) thrown;
        }
        int[] offsets = new int[sequences.size() + 1];
        for (int i = 0; i < sequences.size(); i++) {
            offsets[i + 1] = offsets[i] + sequences.get(i).tokens();
        }
        float[] hidden = mixed(sequences, offsets);
        for (int i = 0; i < slots.length; i++) {
            for (int k = offsets[i] * D; k < offsets[i + 1] * D; k++) {
                hidden[k] = norms.gains()[slots[i] * D + k % D] * hidden[k] + norms.biases()[slots[i] * D + k % D];
            }
        }
        for (int i = 0; i < slots.length; i++) {
            if (poisoned.test(sequences.get(i))) {
                hidden[offsets[i] * D] = Float.NaN;
            }
        }
        return new HiddenStates(hidden, offsets, D);
    }

    private float[] mixed(List<SubstrateInput> sequences, int[] offsets) {
        float[] mixed = new float[offsets[sequences.size()] * D];
        for (int i = 0; i < sequences.size(); i++) {
            float[] rows = ((SubstrateInput.Embeddings) sequences.get(i)).rows();
            int tokens = sequences.get(i).tokens();
            for (int t = 0; t < tokens; t++) {
                for (int out = 0; out < D; out++) {
                    float sum = 0;
                    for (int in = 0; in < D; in++) {
                        sum += rows[t * D + in] * mixing[in * D + out];
                    }
                    for (int other = 0; other < tokens; other++) {
                        sum += rows[other * D + out] / tokens;
                    }
                    mixed[(offsets[i] + t) * D + out] = sum;
                }
            }
        }
        return mixed;
    }

    @Override
    public TracedForward trace(List<SubstrateInput> sequences, NormBank norms, int[] slots) {
        HiddenStates hidden = forward(sequences, norms, slots);
        float[] mixed = mixed(sequences, hidden.offsets());
        return new TracedForward() {
            @Override
            public HiddenStates hidden() {
                return hidden;
            }

            @Override
            public Gradients gradients(float[] upstream) {
                float[] gains = new float[norms.gains().length];
                float[] biases = new float[norms.biases().length];
                float[] rows = new float[upstream.length];
                for (int i = 0; i < slots.length; i++) {
                    int from = hidden.offsets()[i];
                    int tokens = hidden.tokens(i);
                    for (int k = from * D; k < (from + tokens) * D; k++) {
                        gains[slots[i] * D + k % D] += upstream[k] * mixed[k];
                        biases[slots[i] * D + k % D] += upstream[k];
                        float by = upstream[k] * norms.gains()[slots[i] * D + k % D];
                        for (int in = 0; in < D; in++) {
                            rows[k / D * D + in] += by * mixing[in * D + k % D];
                        }
                        for (int other = from; other < from + tokens; other++) {
                            rows[other * D + k % D] += by / tokens;
                        }
                    }
                }
                return new Gradients(rows, gains, biases);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public NormRow ownNorms() {
        return new NormRow(new float[] {1, 1.5f, 0.5f, 1, 1, 2}, new float[] {0, 0.1f, -0.1f, 0, 0.2f, 0});
    }

    @Override
    public float[] wordEmbeddings(int[] ids) {
        float[] rows = new float[ids.length * D];
        for (int t = 0; t < ids.length; t++) {
            System.arraycopy(words, ids[t] * D, rows, t * D, D);
        }
        return rows;
    }

    @Override
    public void close() {}
}
