// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.math.Losses;
import dev.reservoir.heads.math.Vectors;
import dev.reservoir.heads.task.PrequentialMetrics;
import dev.reservoir.heads.task.Truth;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step of one head in the making: the mean loss over the labelled rows of a minibatch, and its gradient with
 * respect to all trainable parameters. It reads the head's parameters and changes nothing of the head. Passes fill it
 * portion by portion; see the package for the letters in the shapes. Not thread-safe.
 */
final class FptUpdate {
    /**
     * Most tokens of a portion of several examples: what a pass keeps for its backward pass is about 100 KB per token.
     */
    private static final int PORTION_TOKENS = 2_048;

    private final FptModel model;
    private final FptParameters inner;
    private final float[][] readout; // (C, F + 1)
    private final boolean innerLearns;
    private final float labelSmoothing;
    private final TrainableParameters.Gradient gradient;
    private final List<Portion> portions = new ArrayList<>();
    private final List<PrequentialMetrics.Tally> tallies = new ArrayList<>();
    private final int rows;
    private @Nullable String failure;

    /** @param parameters with an output for every label of the minibatch */
    FptUpdate(FptModel model, double labelSmoothing, TrainableParameters parameters, List<MinibatchExample> minibatch) {
        this.model = model;
        this.labelSmoothing = model.loss() == Loss.SOFTMAX ? (float) labelSmoothing : 0;
        this.inner = parameters.inner();
        this.readout = parameters.readout();
        this.innerLearns = parameters.innerLearns();
        this.gradient = parameters.zeroGradient();
        this.rows =
                minibatch.stream().mapToInt(example -> example.truths().size()).sum();
        cut(minibatch);
    }

    /**
     * Splits the minibatch into portions by the lengths of its own examples alone, so that what else is in a pass makes
     * no difference.
     */
    private void cut(List<MinibatchExample> minibatch) {
        int from = 0;
        while (from < minibatch.size()) {
            int to = from;
            int tokens = 0;
            while (to < minibatch.size()
                    && (to == from || tokens + minibatch.get(to).tokens() <= PORTION_TOKENS)) {
                tokens += minibatch.get(to).tokens();
                to++;
            }
            portions.add(new Portion(minibatch.subList(from, to), tokens));
            from = to;
        }
    }

    /** Portions of the minibatch, in order, each small enough for one pass. */
    List<Portion> portions() {
        return portions;
    }

    /** The norms with which every pass of it runs. */
    TunableSubstrate.NormRow norms() {
        return inner.norms();
    }

    /** Whether anything but the readout learns, so that the substrate's backward pass is needed. */
    boolean innerLearns() {
        return innerLearns;
    }

    /** Discards what its portions have accumulated: a pass failed, and all of them are run again. */
    void restart() {
        gradient.clear();
        tallies.clear();
        failure = null;
    }

    /** Labelled rows of the minibatch. */
    int rows() {
        return rows;
    }

    /** The gradient of the mean loss, once every portion was accumulated. */
    TrainableParameters.Gradient gradient() {
        return gradient;
    }

    /** How each example with labelled rows was predicted, in order. */
    List<PrequentialMetrics.Tally> tallies() {
        return tallies;
    }

    /** Why no step can be made from it, or null. */
    @Nullable
    String failure() {
        return failure;
    }

    /** Some examples of the minibatch, which pass the substrate together. */
    final class Portion {
        private final List<MinibatchExample> examples;
        private final int tokens;

        private Portion(List<MinibatchExample> examples, int tokens) {
            this.examples = examples;
            this.tokens = tokens;
        }

        /** {@code B}, sequences. */
        int size() {
            return examples.size();
        }

        /** {@code sum T}. */
        int tokens() {
            return tokens;
        }

        FptUpdate update() {
            return FptUpdate.this;
        }

        /** What the substrate reads, {@code B} sequences of {@code (T, D)}. */
        List<SubstrateInput> sequences() {
            List<SubstrateInput> sequences = new ArrayList<>(examples.size());
            for (MinibatchExample example : examples) {
                sequences.add(inner.embed(
                        example.rows(), model.substrate(), model.pooling().width()));
            }
            return sequences;
        }

        /**
         * Scores the examples, computes the loss, and accumulates the readout's gradient.
         *
         * @param hidden contains the portion's sequences from {@code firstSequence} on
         * @param hiddenGradient {@code (sum T, D)} of the whole pass: receives the loss's gradient with respect to the
         *     portion's hidden states
         */
        void scoreAndLoss(HiddenStates hidden, int firstSequence, float[] hiddenGradient) {
            for (int i = 0; i < examples.size() && failure == null; i++) {
                scoreAndLoss(examples.get(i), hidden, firstSequence + i, hiddenGradient);
            }
        }

        private void scoreAndLoss(MinibatchExample example, HiddenStates hidden, int sequence, float[] hiddenGradient) {
            TokenPooling pooling = model.pooling();
            int width = pooling.featureWidth();
            int outputs = readout.length;
            float[] features = pooling.pool(hidden, sequence); // (R, F)
            float[] featureGradient = new float[features.length]; // (R, F)
            float[] scores = new float[outputs]; // (C)
            float[] truth = new float[outputs]; // (C)
            float[] scoreGradient = new float[outputs]; // (C)
            PrequentialMetrics.Tally tally = new PrequentialMetrics.Tally();
            for (Truth row : example.truths()) {
                int at = row.row() * width;
                Vectors.affine(readout, outputs, width, features, at, scores, 0); // (C) = (C, F) (F) + (C)
                Arrays.fill(truth, 0);
                row.fill(truth);
                double loss = Losses.gradient(model.loss(), scores, truth, scoreGradient, outputs);
                if (!(Math.abs(loss) < Double.POSITIVE_INFINITY)) {
                    failure = "the loss is not finite: " + loss;
                    return;
                }
                tally.score(model.task(), row, scores, truth, loss, model.loss());
                smooth(truth, scoreGradient);
                for (int c = 0; c < outputs; c++) {
                    float share = scoreGradient[c] / rows;
                    float[] readoutGradient = gradient.readout()[c]; // (F + 1)
                    Vectors.add(share, features, at, readoutGradient, 0, width);
                    readoutGradient[width] += share;
                    Vectors.add(share, readout[c], 0, featureGradient, at, width); // (F) += (C) (C, F)
                }
                if (row.last()) {
                    tallies.add(tally);
                }
            }
            if (innerLearns) {
                pooling.backward(featureGradient, hidden.tokens(sequence), hiddenGradient, hidden.start(sequence));
            }
        }

        /** Turns a softmax's gradient into that for a smoothed truth, a share of which is spread over all labels. */
        private void smooth(float[] truth, float[] scoreGradient) {
            if (labelSmoothing == 0) {
                return;
            }
            for (int c = 0; c < scoreGradient.length; c++) {
                scoreGradient[c] += labelSmoothing * (truth[c] - 1f / scoreGradient.length);
            }
        }

        /**
         * Adds the result of the substrate's backward pass to the gradient of the inner parts.
         *
         * @param gradients of the whole pass: embeddings {@code (sum T, D)}, gains and biases {@code (slots, norms, D)}
         * @param slot the norms' slot in it
         * @param firstRow first row of the portion in {@code gradients.embeddings()}
         */
        void accumulateGradient(TunableSubstrate.Gradients gradients, int slot, int firstRow) {
            int width = model.pooling().width();
            int norms = gradient.gains().length; // norms x D
            Vectors.add(1, gradients.gains(), slot * norms, gradient.gains(), 0, norms);
            Vectors.add(1, gradients.biases(), slot * norms, gradient.biases(), 0, norms);
            int row = firstRow;
            for (MinibatchExample example : examples) {
                if (gradient.positions().length > 0) {
                    Vectors.add(
                            1,
                            gradients.embeddings(),
                            row * width,
                            gradient.positions(),
                            0,
                            example.tokens() * width); // (T, D)
                }
                if (gradient.input().length > 0) {
                    accumulateInput(example, gradients.embeddings(), row, width);
                }
                row += example.tokens();
            }
        }

        /** {@code input (W, D) += rows (T, W)' embeddingGradient (T, D)}, and its bias the sum over {@code T}. */
        private void accumulateInput(MinibatchExample example, float[] embeddingGradient, int firstRow, int width) {
            int index = 0;
            for (int t = 0; t < example.tokens(); t++) {
                int at = (firstRow + t) * width;
                Vectors.add(1, embeddingGradient, at, gradient.inputBias(), 0, width);
                for (int k = 0; k < example.rows().valuesPerRow(); k++, index++) {
                    float value = example.rows().values()[index];
                    if (value != 0) {
                        int column = example.rows().column(t, index);
                        Vectors.add(value, embeddingGradient, at, gradient.input(), column * width, width);
                    }
                }
            }
        }
    }
}
