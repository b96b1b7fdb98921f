// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import ai.djl.training.GradientCollector;
import java.util.ArrayList;
import java.util.List;

/**
 * The gradient of one training step of several heads through the frozen encoder, with DJL's own operators in f32 under
 * its autograd, as a careful user of that library would write it: all heads in one pass, each sequence with its own
 * head's norms. A peer to compare the fused step with, not used for training. The loss is the sum over heads of the
 * mean cross-entropy. Not thread-safe.
 *
 * <p>Letters: {@code H} heads, {@code N} examples of a head, {@code W} values in a row of an observation, {@code C}
 * classes.
 */
final class DjlTrainingStep implements AutoCloseable {
    /**
     * Trainable parameters, or their gradient.
     *
     * @param input {@code [H, W, D]}
     * @param inputBias {@code [H, D]}
     * @param positions {@code [H, T, D]}
     * @param gains {@code norms} of {@code [H, D]}
     * @param biases {@code norms} of {@code [H, D]}
     * @param readout {@code [H, D, C]}
     * @param readoutBias {@code [H, C]}
     */
    record Parameters(
            float[] input,
            float[] inputBias,
            float[] positions,
            List<float[]> gains,
            List<float[]> biases,
            float[] readout,
            float[] readoutBias) {}

    /** The sizes of a step. */
    record Size(int heads, int examples, int tokens, int inputWidth, int classes) {
        int sequences() {
            return heads * examples;
        }
    }

    private final DjlOperatorsBert encoder;
    private final Size size;
    private final int width;
    private final NDManager manager;
    private final NDArray input;
    private final NDArray inputBias;
    private final NDArray positions;
    private final List<NDArray> gains = new ArrayList<>();
    private final List<NDArray> biases = new ArrayList<>();
    private final NDArray readout;
    private final NDArray readoutBias;
    private final int[] slots;
    private final NDArray ones;
    private final NDArray zeros;

    /** @param encoder outlives this */
    DjlTrainingStep(DjlOperatorsBert encoder, Size size, Parameters start) {
        this.encoder = encoder;
        this.size = size;
        this.width = encoder.width();
        this.manager = encoder.begin();
        int heads = size.heads();
        // Shaped so that no view of a parameter is needed: a view would be attached to the parameters' manager.
        input = learning(start.input(), heads, size.inputWidth(), width);
        inputBias = learning(start.inputBias(), heads, 1, width);
        positions = learning(start.positions(), heads, 1, size.tokens(), width);
        long[] row = heads == 1 ? new long[] {width} : new long[] {heads, width};
        start.gains().forEach(gain -> gains.add(learning(gain, row)));
        start.biases().forEach(bias -> biases.add(learning(bias, row)));
        readout = learning(start.readout(), heads, width, size.classes());
        readoutBias = learning(start.readoutBias(), heads, 1, size.classes());
        slots = new int[size.sequences()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = i / size.examples();
        }
        ones = manager.ones(new Shape(width));
        zeros = manager.zeros(new Shape(width));
    }

    /** Sets the gradients to zero, which the next {@link #gradients} adds to. */
    void clear() {
        learning().forEach(array -> array.setRequiresGradient(true));
    }

    /**
     * Forward pass, loss, backward pass, and the gradients read into Java's memory.
     *
     * @param observations {@code [H, N, T, W]}
     * @param truths {@code [H, N, C]}, 1 at the label
     */
    Parameters gradients(float[] observations, float[] truths) {
        try (NDManager step = encoder.begin();
                GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray rows = step.create(
                    observations, new Shape(size.heads(), (long) size.examples() * size.tokens(), size.inputWidth()));
            NDArray truth = step.create(truths, new Shape(size.heads(), size.examples(), size.classes()));
            collector.backward(loss(step, rows, truth));
            return new Parameters(
                    gradient(input),
                    gradient(inputBias),
                    gradient(positions),
                    gains.stream().map(DjlTrainingStep::gradient).toList(),
                    biases.stream().map(DjlTrainingStep::gradient).toList(),
                    gradient(readout),
                    gradient(readoutBias));
        }
    }

    private NDArray loss(NDManager step, NDArray rows, NDArray truth) {
        Shape perHead = new Shape(size.heads(), size.examples(), size.tokens(), width);
        NDArray x = rows.matMul(input).add(inputBias).reshape(perHead).add(positions); // [H, N, T, D]
        NDArray slotOfSequence = step.create(slots);
        NDArray hidden = encoder.encode(
                step,
                x.reshape(size.sequences(), size.tokens(), width),
                (number, y) -> norm(number, y, slotOfSequence));
        NDArray features = hidden.reshape(perHead).mean(new int[] {2}); // [H, N, D]
        NDArray scores = features.matMul(readout).add(readoutBias); // [H, N, C]
        // Like the encoder's scale, an array that stays open for the backward pass.
        NDArray share = step.create(-1f / size.examples());
        return scores.logSoftmax(-1).mul(truth).sum().mul(share);
    }

    private NDArray norm(int number, NDArray x, NDArray slotOfSequence) {
        if (size.heads() == 1) {
            return encoder.norm(x, gains.get(number), biases.get(number));
        }
        return encoder.norm(x, ones, zeros)
                .mul(gathered(slotOfSequence, gains.get(number)))
                .add(gathered(slotOfSequence, biases.get(number)));
    }

    /** From {@code [H, D]} to {@code [B, 1, D]}. */
    private NDArray gathered(NDArray slotOfSequence, NDArray rows) {
        return Embedding.embedding(slotOfSequence, rows, SparseFormat.DENSE)
                .singletonOrThrow()
                .reshape(size.sequences(), 1, width);
    }

    private NDArray learning(float[] values, long... shape) {
        NDArray array = manager.create(values, new Shape(shape));
        array.setRequiresGradient(true);
        return array;
    }

    private List<NDArray> learning() {
        List<NDArray> all = new ArrayList<>(List.of(input, inputBias, positions, readout, readoutBias));
        all.addAll(gains);
        all.addAll(biases);
        return all;
    }

    private static float[] gradient(NDArray array) {
        try (NDArray gradient = array.getGradient()) {
            return gradient.toFloatArray();
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
