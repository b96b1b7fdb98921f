// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.mixing;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TextTokenizer;
import dev.reservoir.heads.TunableSubstrate;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A frozen mixer of a few numbers: each token's row, half of it replaced by the mean of its sequence, through a fixed
 * rotation and a squashing function. Counts its passes, and can be blocked so that a test decides when a pass ends.
 */
public final class MixingSubstrate implements TunableSubstrate {
    public static final int WIDTH = 16;
    private static final int VOCABULARY = 1_000;

    private final TextTokenizer tokenizer = new WordTokenizer();
    private final float[] table = new float[VOCABULARY * WIDTH];
    private final AtomicInteger passes = new AtomicInteger();
    private final AtomicInteger sequences = new AtomicInteger();
    private final CountDownLatch entered = new CountDownLatch(1);
    /** Beyond it hidden states are not finite, as those of a narrow number format are not. */
    private static final float LARGEST = 1e7f;

    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicInteger spared = new AtomicInteger();
    private volatile CountDownLatch gate = new CountDownLatch(0);

    private volatile Predicate<SubstrateInput> poisonous = sequence -> false;
    private volatile Supplier<? extends Error> poison = AssertionError::new;

    public MixingSubstrate() {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < table.length; i++) {
            table[i] = (float) (2 * random.nextDouble() - 1);
        }
    }

    /** Passes so far. */
    public int passes() {
        return passes.get();
    }

    /** A pass is one part: the pause comes after it. */
    @Override
    public TunableSubstrate pausing(Runnable pause) {
        return new PausingSubstrate(this, pause);
    }

    /** Waits until a pass has begun, at most half a minute. */
    public void awaitPass() throws InterruptedException {
        if (!entered.await(30, TimeUnit.SECONDS)) {
            throw new IllegalStateException("mixing: no pass began");
        }
    }

    /** Sequences read so far. */
    public int sequences() {
        return sequences.get();
    }

    /** Blocks every pass from now on until the latch is down. */
    public void blockUntil(CountDownLatch until) {
        gate = until;
    }

    /** Makes every pass fail that reads one of the given sequences, until this is called again. */
    public void poison(Predicate<SubstrateInput> sequences, Supplier<? extends Error> with) {
        poisonous = sequences;
        poison = with;
    }

    /** Makes the next passes fail as a defect would. */
    public void fail(int times) {
        failAfter(0, times);
    }

    /** Lets some passes that have not got to it yet succeed, and makes those after them fail. */
    public void failAfter(int passes, int times) {
        spared.set(passes);
        failures.set(times);
    }

    @Override
    public SubstrateInfo info() {
        return new SubstrateInfo(
                new SubstrateInfo.Identity("mixing", "0".repeat(64)),
                new SubstrateInfo.Shape.Mixing(WIDTH, VOCABULARY, 512, table.length),
                new SubstrateInfo.Numerics(
                        "f32", "the only one", "cpu", 4L * table.length, true, "no sums across sequences"));
    }

    @Override
    public TextTokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public int norms() {
        return 1;
    }

    @Override
    public HiddenStates forward(List<SubstrateInput> inputs) {
        passes.incrementAndGet();
        entered.countDown();
        sequences.addAndGet(inputs.size());
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (inputs.stream().anyMatch(poisonous)) {
            throw poison.get();
        }
        if (spared.getAndUpdate(left -> Math.max(0, left - 1)) == 0
                && failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new IllegalStateException("mixing: failed on request");
        }
        int[] offsets = new int[inputs.size() + 1];
        for (int i = 0; i < inputs.size(); i++) {
            offsets[i + 1] = offsets[i] + inputs.get(i).tokens();
        }
        float[] hidden = new float[offsets[inputs.size()] * WIDTH];
        for (int i = 0; i < inputs.size(); i++) {
            mix(rows(inputs.get(i)), hidden, offsets[i] * WIDTH);
        }
        return new HiddenStates(hidden, offsets, WIDTH);
    }

    private float[] rows(SubstrateInput input) {
        if (input instanceof SubstrateInput.Embeddings embeddings) {
            return embeddings.rows();
        }
        int[] ids = ((SubstrateInput.TokenIds) input).ids();
        float[] rows = new float[ids.length * WIDTH];
        for (int t = 0; t < ids.length; t++) {
            System.arraycopy(table, ids[t] * WIDTH, rows, t * WIDTH, WIDTH);
        }
        return rows;
    }

    private static void mix(float[] rows, float[] hidden, int at) {
        int tokens = rows.length / WIDTH;
        float[] mean = new float[WIDTH];
        for (int i = 0; i < rows.length; i++) {
            mean[i % WIDTH] += rows[i] / tokens;
        }
        for (int i = 0; i < rows.length; i++) {
            float mixed = 0.5f * rows[i] + 0.5f * mean[(i + 1) % WIDTH] + 0.1f * (i / WIDTH % 7);
            hidden[at + i] = Math.abs(mixed) > LARGEST ? Float.NaN : mixed / (1 + Math.abs(mixed));
        }
    }

    /** One norm, at the end: {@code gain * hidden + bias}. */
    @Override
    public HiddenStates forward(List<SubstrateInput> inputs, NormBank norms, int[] slots) {
        HiddenStates plain = forward(inputs);
        float[] values = plain.values().clone();
        for (int i = 0; i < slots.length; i++) {
            for (int k = plain.start(i); k < plain.start(i) + plain.tokens(i) * WIDTH; k++) {
                int at = slots[i] * WIDTH + k % WIDTH;
                values[k] = norms.gains()[at] * values[k] + norms.biases()[at];
            }
        }
        return new HiddenStates(values, plain.offsets(), WIDTH);
    }

    @Override
    public TracedForward trace(List<SubstrateInput> inputs, NormBank norms, int[] slots) {
        HiddenStates hidden = forward(inputs, norms, slots);
        return new TracedForward() {
            @Override
            public HiddenStates hidden() {
                return hidden;
            }

            @Override
            public Gradients gradients(float[] upstream) {
                float[] rows = new float[upstream.length];
                float[] gains = new float[norms.gains().length];
                float[] biases = new float[norms.gains().length];
                for (int i = 0; i < slots.length; i++) {
                    float[] byMean = new float[WIDTH];
                    int start = hidden.start(i);
                    int tokens = hidden.tokens(i);
                    for (int k = start; k < start + tokens * WIDTH; k++) {
                        int at = slots[i] * WIDTH + k % WIDTH;
                        float squashed = (hidden.values()[k] - norms.biases()[at]) / norms.gains()[at];
                        gains[at] += upstream[k] * squashed;
                        biases[at] += upstream[k];
                        // The derivative of m / (1 + |m|) is (1 - |squashed|)^2.
                        float slope = (1 - Math.abs(squashed)) * (1 - Math.abs(squashed));
                        float by = 0.5f * upstream[k] * norms.gains()[at] * slope;
                        rows[k] += by;
                        byMean[(k + 1) % WIDTH] += by;
                    }
                    for (int k = start; k < start + tokens * WIDTH; k++) {
                        rows[k] += byMean[k % WIDTH] / tokens;
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
        float[] gains = new float[WIDTH];
        java.util.Arrays.fill(gains, 1);
        return new NormRow(gains, new float[WIDTH]);
    }

    @Override
    public float[] wordEmbeddings(int[] ids) {
        return rows(new SubstrateInput.TokenIds(ids));
    }

    @Override
    public void close() {}
}
