// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.math.Adam;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.math.Losses;
import dev.reservoir.heads.math.NotFinite;
import java.util.Arrays;
import java.util.List;

/**
 * {@link Adam} on the mean loss of each {@code minibatch} rows in order, however they are split into calls. Features
 * are standardised by their running mean and deviation, in learning and in serving. Moments and bias correction begin
 * for an output when it appears. The bias does not decay.
 */
final class GradientRule implements Rule {
    private final Loss loss;
    private final int features;
    private final OutputRows weights;
    private final Standardizer standardizer;
    private final float[] input;
    private LearningSpec.Gradient learning;
    private Adam.Moments[] moments = new Adam.Moments[0];
    /** Sums over the rows of an unfinished minibatch; empty if a minibatch is one row. */
    private float[][] sums = new float[0][];

    private long[] born = new long[0];
    private int waiting;
    private long updates;

    GradientRule(Loss loss, LearningSpec.Gradient learning, int features) {
        this.loss = loss;
        this.learning = learning;
        this.features = features;
        this.weights = new OutputRows(features, features + 1);
        this.standardizer = new Standardizer(features);
        this.input = new float[features + 1];
    }

    void learning(LearningSpec.Gradient changed) {
        learning = changed;
    }

    @Override
    public void announce(List<Row> rows) {}

    @Override
    public void grow(int outputs) {
        int known = weights.outputs();
        if (outputs <= known) {
            return;
        }
        weights.grow(outputs);
        moments = Arrays.copyOf(moments, outputs);
        born = Arrays.copyOf(born, outputs);
        sums = Arrays.copyOf(sums, outputs);
        for (int c = known; c < outputs; c++) {
            moments[c] = new Adam.Moments(features + 1);
            sums[c] = learning.minibatch() > 1 ? new float[features + 1] : moments[c].first();
            born[c] = updates;
        }
    }

    @Override
    public void scores(int index, Row row, float[] scores) {
        standardizer.apply(row.values(), row.from(), input);
        weights.view().apply(input, 0, scores, row.outputs());
    }

    @Override
    public double learn(Row row, float[] scores, float[] truth) {
        int outputs = row.outputs();
        float[] gradient = new float[outputs];
        double value = Losses.gradient(loss, scores, truth, gradient, outputs);
        if (!(value < Double.POSITIVE_INFINITY) || !squaresFit(gradient)) {
            throw new NotFinite("the loss is not finite or its gradient is too large: " + value);
        }
        input[features] = 1;
        if (learning.minibatch() == 1) {
            updates++;
            for (int c = 0; c < outputs; c++) {
                step(c, input, gradient[c]);
            }
        } else {
            for (int c = 0; c < outputs; c++) {
                add(sums[c], input, gradient[c]);
            }
            waiting++;
            if (waiting == learning.minibatch()) {
                flush();
            }
        }
        standardizer.see(row.values(), row.from());
        return value;
    }

    @Override
    public void flush() {
        if (waiting == 0) {
            return;
        }
        updates++;
        float share = 1f / waiting;
        for (int c = 0; c < weights.outputs(); c++) {
            step(c, sums[c], share);
            Arrays.fill(sums[c], 0);
        }
        waiting = 0;
    }

    /** One step of an output's weights along {@code factor * direction}; the bias does not decay. */
    private void step(int output, float[] direction, float factor) {
        float[] row = weights.writable()[output];
        new Adam(learning.learningRate(), learning.weightDecay(), updates - born[output])
                .step(row, row, moments[output], direction, factor, features);
    }

    private static void add(float[] sum, float[] input, float factor) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += input[i] * factor;
        }
    }

    private static boolean squaresFit(float[] values) {
        for (float value : values) {
            // Standardised features are at most 8, and the squared product has to fit a float.
            if (!(Math.abs(value) < 1e18f)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public Weights weights() {
        return weights.share().with(weights.outputs(), standardizer.share());
    }

    @Override
    public long updates() {
        return updates;
    }

    @Override
    public long bytes() {
        long rows = (learning.minibatch() > 1 ? 3L : 2L) * weights.outputs();
        return rows * (24 + 4L * (features + 1)) + standardizer.bytes() + 4L * input.length;
    }

    @Override
    public void close() {}
}
