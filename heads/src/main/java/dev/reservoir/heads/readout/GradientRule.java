// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.math.Adam;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.math.Losses;
import dev.reservoir.heads.math.NotFinite;
import dev.reservoir.heads.state.Packed;
import dev.reservoir.heads.state.SharedPartWriter;
import dev.reservoir.state.v1.Gradient;
import dev.reservoir.state.v1.Readout;
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
    private OutputRows weights;
    private Standardizer standardizer;
    /** The standardised features and a 1 for the bias, {@code [F + 1]}. */
    private final float[] input;

    private LearningSpec.Gradient learning;
    /** {@code [C]}, each of {@code [F + 1]}. */
    private Adam.Moments[] moments = new Adam.Moments[0];
    /** The gradient summed over the rows of an unfinished minibatch, {@code [C][F + 1]}; unused if one row fills it. */
    private float[][] sums = new float[0][];
    /** The updates made before each output appeared, {@code [C]}. */
    private long[] updatesBefore = new long[0];
    /** Rows of the unfinished minibatch. */
    private int gathered;

    private long updates;

    GradientRule(Loss loss, LearningSpec.Gradient learning, int features) {
        this.loss = loss;
        this.learning = learning;
        this.features = features;
        this.weights = new OutputRows(features, features + 1);
        this.standardizer = new Standardizer(features);
        this.input = new float[features + 1];
    }

    @Override
    public void restore(StoredReadout stored) {
        Gradient state = stored.readout().getGradient();
        int outputs = stored.outputs();
        int width = features + 1;
        weights = new OutputRows(
                features, width, Packed.floatRows("gradient.weights", state.getWeights(), outputs, width));
        standardizer = new Standardizer(features, state.getStandardizer());
        float[][] first = Packed.floatRows("gradient.first_moments", state.getFirstMoments(), outputs, width);
        float[][] second = Packed.floatRows("gradient.second_moments", state.getSecondMoments(), outputs, width);
        moments = new Adam.Moments[outputs];
        for (int c = 0; c < outputs; c++) {
            moments[c] = new Adam.Moments(first[c], second[c]);
        }
        boolean summed = learning.minibatch() > 1;
        float[][] storedSums = Packed.floatRows("gradient.sums", state.getSums(), summed ? outputs : 0, width);
        sums = summed ? storedSums : first.clone();
        updates = state.getUpdates();
        UnusableState.check(updates >= 0, "gradient.updates", updates, "at least 0");
        updatesBefore = Packed.longs("gradient.updates_before", state.getUpdatesBefore(), outputs);
        for (long before : updatesBefore) {
            UnusableState.check(before >= 0 && before <= updates, "gradient.updates_before", before, "0 to " + updates);
        }
        gathered = state.getGathered();
        UnusableState.check(
                gathered >= 0 && gathered < learning.minibatch(),
                "gradient.gathered",
                gathered,
                "fewer than minibatch " + learning.minibatch());
    }

    @Override
    public void save(Readout.Builder state, SharedPartWriter parts) {
        int outputs = weights.outputs();
        float[][] first = new float[outputs][];
        float[][] second = new float[outputs][];
        for (int c = 0; c < outputs; c++) {
            first[c] = moments[c].first();
            second[c] = moments[c].second();
        }
        state.setGradient(Gradient.newBuilder()
                .setOutputs(outputs)
                .setWeights(Packed.of(weights.view().rows(), outputs))
                .setFirstMoments(Packed.of(first, outputs))
                .setSecondMoments(Packed.of(second, outputs))
                .setSums(Packed.of(sums, learning.minibatch() > 1 ? outputs : 0))
                .setUpdatesBefore(Packed.of(updatesBefore))
                .setGathered(gathered)
                .setUpdates(updates)
                .setStandardizer(standardizer.state()));
    }

    void learning(LearningSpec.Gradient changed) {
        learning = changed;
    }

    @Override
    public void announce(List<Row> rows) {}

    @Override
    public int outputs() {
        return weights.outputs();
    }

    @Override
    public void grow(int outputs) {
        int known = weights.outputs();
        if (outputs <= known) {
            return;
        }
        weights.grow(outputs);
        moments = Arrays.copyOf(moments, outputs);
        updatesBefore = Arrays.copyOf(updatesBefore, outputs);
        sums = Arrays.copyOf(sums, outputs);
        for (int c = known; c < outputs; c++) {
            moments[c] = new Adam.Moments(features + 1);
            sums[c] = learning.minibatch() > 1 ? new float[features + 1] : moments[c].first();
            updatesBefore[c] = updates;
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
        float[] gradient = new float[outputs]; // [C], of the loss with respect to the scores
        double value = Losses.gradient(loss, scores, truth, gradient, outputs);
        if (!(value < Double.POSITIVE_INFINITY) || !squaresFit(gradient)) {
            throw new NotFinite("the loss is not finite or its gradient is too large: " + value);
        }
        input[features] = 1;
        if (learning.minibatch() == 1) {
            updates++;
            for (int c = 0; c < outputs; c++) {
                step(c, input, gradient[c]); // [F + 1]
            }
        } else {
            for (int c = 0; c < outputs; c++) {
                add(sums[c], input, gradient[c]); // [F + 1]
            }
            gathered++;
            if (gathered == learning.minibatch()) {
                flush();
            }
        }
        standardizer.update(row.values(), row.from());
        return value;
    }

    @Override
    public void flush() {
        if (gathered == 0) {
            return;
        }
        updates++;
        float share = 1f / gathered;
        for (int c = 0; c < weights.outputs(); c++) {
            step(c, sums[c], share);
            Arrays.fill(sums[c], 0);
        }
        gathered = 0;
    }

    /** One step of an output's weights along {@code factor * direction}; the bias does not decay. */
    private void step(int output, float[] direction, float factor) {
        float[] row = weights.writable()[output];
        new Adam(learning.learningRate(), learning.weightDecay(), updates - updatesBefore[output])
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
