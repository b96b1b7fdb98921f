// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.state.Packed;
import java.util.Arrays;

/**
 * Running mean and deviation of each feature (Welford 1962, DOI 10.1080/00401706.1962.10490022), a function of the rows
 * seen, in order. Each feature is divided by its own deviation; one that has never varied is not scaled. A standardised
 * value is clipped to [-8, 8], so that a feature that varies for the first time does not upset the weights.
 */
final class Standardizer {
    private static final float LIMIT = 8;
    /**
     * After {@code n} rows a variance is multiplied by {@code 1 + PRIOR / n}: an estimate from few rows may be far too
     * small.
     */
    private static final double PRIOR = 4;

    /** Keeps a factor within the range of floats, whatever the column's unit is. */
    private static final double LARGEST = 1e30;

    private final int features;
    /** {@code [F]} */
    private final double[] mean;
    /** Sums of squared deviations from the mean, {@code [F]}. */
    private final double[] squares;

    private Scaling scaling;
    private boolean shared;
    private long seen;

    Standardizer(int features) {
        this.features = features;
        this.mean = new double[features];
        this.squares = new double[features];
        this.scaling = new Scaling(new float[features], new float[features], LIMIT);
        Arrays.fill(scaling.factor(), 1);
    }

    /** The one that a stored state was taken from. */
    Standardizer(int features, dev.reservoir.state.v1.Standardizer state) {
        this.features = features;
        this.seen = state.getSeen();
        UnusableState.check(seen >= 0, "standardizer.seen", seen, "at least 0");
        this.mean = Packed.doubles("standardizer.mean", state.getMean(), features);
        this.squares = Packed.doubles("standardizer.squares", state.getSquares(), features);
        this.scaling = new Scaling(new float[features], new float[features], LIMIT);
        Arrays.fill(scaling.factor(), 1);
        if (seen > 0) {
            rescale();
        }
    }

    dev.reservoir.state.v1.Standardizer state() {
        return dev.reservoir.state.v1.Standardizer.newBuilder()
                .setSeen(seen)
                .setMean(Packed.of(mean))
                .setSquares(Packed.of(squares))
                .build();
    }

    /** Accounts for the row at {@code from}. */
    void update(float[] values, int from) {
        seen++;
        for (int i = 0; i < features; i++) {
            double value = values[from + i];
            double difference = value - mean[i];
            mean[i] += difference / seen;
            squares[i] += difference * (value - mean[i]);
        }
        if (shared) {
            scaling = new Scaling(new float[features], new float[features], LIMIT);
            shared = false;
        }
        rescale();
    }

    /** Computes the scaling from the sums. */
    private void rescale() {
        float[] shift = scaling.shift();
        float[] factor = scaling.factor();
        for (int i = 0; i < features; i++) {
            double variance = squares[i] / seen * (1 + PRIOR / seen);
            shift[i] = (float) mean[i];
            factor[i] = variance > 0 ? (float) Math.min(LARGEST, 1 / Math.sqrt(variance)) : 1;
        }
    }

    /** Writes the row, standardised by the rows before it. */
    void apply(float[] values, int from, float[] out) {
        scaling.apply(values, from, out);
    }

    /** The current standardisation, not changed by later rows. */
    Scaling share() {
        shared = true;
        return scaling;
    }

    long bytes() {
        return features * 24L;
    }
}
