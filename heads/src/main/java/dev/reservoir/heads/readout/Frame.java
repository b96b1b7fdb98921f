// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.readout.InverseCovariance.Settings;
import dev.reservoir.heads.state.Packed;

/**
 * The coordinates in which least squares is solved: a feature {@code x_j} becomes {@code z_j = (x_j - centre_j)
 * factor_j}, with factors that are powers of two. Both are functions of the rows learned so far, fixed for a column
 * when they are first needed, so that equal histories have equal frames. Immutable.
 *
 * <p>A feature computed by an encoder is used unchanged, because encoders produce values of magnitude about 1: centre 0
 * and factor 1. For a feature beyond 16 in the first row, and for every column in a unit of the client's own, the
 * centre is the first row's value: values far from 0 compared with their changes would lose precision. The factor is
 * fixed when the column first leaves its centre, so that this first change in {@code z} is at least 1 for a column in
 * the client's unit (the ridge then means the same in any unit), and for no column more than the {@code farthest} that
 * double precision supports.
 */
final class Frame {
    /** Encoded features within this of 0 keep the centre 0. */
    private static final float NEAR = 16;
    /** Factors beyond {@code 2^+-LARGEST_EXPONENT} would leave the range of floats. */
    private static final int LARGEST_EXPONENT = 100;

    /** {@code [F]} */
    private final float[] centre;
    /** {@code [F]}; 0 for a column that has not left its centre. */
    private final float[] factor;

    /** Whether every factor is known. */
    private final boolean complete;
    /** Whether {@code z} equals {@code x}. */
    private final boolean plain;

    private Frame(float[] centre, float[] factor) {
        this.centre = centre;
        this.factor = factor;
        boolean fixed = true;
        boolean same = true;
        for (int j = 0; j < factor.length; j++) {
            fixed &= factor[j] != 0;
            same &= factor[j] == 1 && centre[j] == 0;
        }
        this.complete = fixed;
        this.plain = same;
    }

    /** The frame of a history that begins with the row at {@code from}. */
    static Frame of(float[] row, int from, Settings settings) {
        float[] centre = new float[settings.features()];
        float[] factor = new float[settings.features()];
        for (int j = 0; j < centre.length; j++) {
            float first = row[from + j];
            if (j >= settings.firstClientColumn() || Math.abs(first) > NEAR) {
                centre[j] = first;
            } else {
                factor[j] = 1;
            }
        }
        return new Frame(centre, factor);
    }

    /** The frame that a stored state was taken from. */
    static Frame restore(dev.reservoir.state.v1.Frame state, int features) {
        return new Frame(
                Packed.floats("frame.centre", state.getCentre(), features),
                Packed.floats("frame.factor", state.getFactor(), features));
    }

    dev.reservoir.state.v1.Frame state() {
        return dev.reservoir.state.v1.Frame.newBuilder()
                .setCentre(Packed.of(centre))
                .setFactor(Packed.of(factor))
                .build();
    }

    /** The frame extended by the row at {@code from}. */
    Frame with(float[] row, int from, Settings settings) {
        if (complete) {
            return this;
        }
        float[] extended = null;
        for (int j = 0; j < factor.length; j++) {
            double distance = Math.abs((double) row[from + j] - centre[j]);
            if (factor[j] == 0 && distance > 0) {
                extended = extended != null ? extended : factor.clone();
                extended[j] = factor(distance, j >= settings.firstClientColumn(), settings.farthest());
            }
        }
        return extended == null ? this : new Frame(centre, extended);
    }

    private static float factor(double distance, boolean clientUnit, double farthest) {
        int exponent = 0;
        if (clientUnit && distance < 1) {
            exponent = -Math.getExponent(distance);
        } else if (distance > farthest) {
            exponent = -Math.getExponent(distance / farthest) - 1;
        }
        return Math.scalb(1f, Math.max(-LARGEST_EXPONENT, Math.min(LARGEST_EXPONENT, exponent)));
    }

    /** The same factors around another centre. */
    Frame moved(float[] row) {
        return new Frame(row.clone(), factor);
    }

    /** Writes {@code z} of the row at {@code from} to {@code out[at .. at + F)}. */
    void apply(float[] rows, int from, double[] out, int at) {
        for (int j = 0; j < centre.length; j++) {
            out[at + j] = ((double) rows[from + j] - centre[j]) * factor[j];
        }
    }

    /** Whether {@code z} is the features unchanged. */
    boolean plain() {
        return plain;
    }

    /** The scaling that maps served features into this frame, in floats. */
    Scaling scaling() {
        return new Scaling(centre, factor, Float.MAX_VALUE);
    }

    long bytes() {
        return 8L * centre.length;
    }
}
