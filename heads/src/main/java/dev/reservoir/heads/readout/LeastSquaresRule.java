// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.math.NotFinite;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import dev.reservoir.heads.state.Packed;
import dev.reservoir.heads.state.SharedPartWriter;
import dev.reservoir.state.v1.LeastSquares;
import dev.reservoir.state.v1.Readout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Recursive least squares with exponential forgetting (Plackett 1950, DOI 10.1093/biomet/37.1-2.149; Haykin, Adaptive
 * Filter Theory), in doubles. For the row {@code z} of a {@link Frame}, the constant {@code c} behind it, the truth
 * {@code t} and the factor {@code f}:
 *
 * <pre>
 *   e  = t - W z            (C)        the error of the prediction, before learning
 *   k  = P z / (f + z' P z) (W)        the gain
 *   W += e k'               (C, W)     one row per output
 *   P  = (P - k z' P) / f   (W, W)     see {@link CovarianceBlock}, {@link InverseCovariance}
 * </pre>
 *
 * <p>After {@code n} rows {@code W} minimises {@code sum f^(n-i) |t_i - W z_i|^2 + f^n ridge |W|^2}: ridge regression
 * with an intercept, whose own penalty is a billionth of the information in a row. With forgetting the ridge fades too,
 * until a coordinate's variance is 16 times its initial value; then it is reset to that value without changing the
 * weights.
 *
 * <p>A label that appears at row {@code n} has truth 0 in all earlier rows; its weights begin at 0, which is exactly
 * what learning those rows would have given.
 */
final class LeastSquaresRule implements Rule {
    private final CovarianceReader reader;
    private final int features;
    private final double constant;
    private final List<Digest> digests = new ArrayList<>();
    private List<Row> announced = List.of();
    /** {@code W}: {@code [C][W]}. */
    private double[][] weights = new double[0][];

    /** The row in the frame's coordinates and the constant, {@code [W]}. */
    private final double[] z;
    /** {@code W z}, {@code [C]}. */
    private double[] answers = new double[0];

    private int outputs;
    /** Upper bound on the magnitude of every weight. */
    private double bound;

    private long updates;

    LeastSquaresRule(CovarianceReader reader) {
        this.reader = reader;
        this.features = reader.settings().features();
        this.constant = reader.settings().constant();
        this.z = new double[features + 1];
        z[features] = constant;
    }

    @Override
    public void restore(StoredReadout stored) {
        LeastSquares state = stored.readout().getLeastSquares();
        outputs = stored.outputs();
        weights = Packed.doubleRows("least_squares.weights", state.getWeights(), outputs, features + 1);
        answers = new double[outputs];
        bound = Packed.checkFinite("least_squares.bound", state.getBound());
        updates = state.getUpdates();
        UnusableState.check(
                bound >= 0 && updates >= 0, "least_squares.bound", bound + ", " + updates + " updates", "at least 0");
        if (!state.getRows().isEmpty()) {
            reader.restore(state.getRows(), stored.parts());
        }
    }

    @Override
    public void save(Readout.Builder state, SharedPartWriter parts) {
        enter();
        state.setLeastSquares(LeastSquares.newBuilder()
                .setOutputs(outputs)
                .setWeights(Packed.of(weights, outputs))
                .setBound(bound)
                .setUpdates(updates)
                .setRows(reader.save(parts)));
    }

    @Override
    public int outputs() {
        return outputs;
    }

    @Override
    public void announce(List<Row> rows) {
        announced = rows;
        digests.clear();
        for (Row row : rows) {
            digests.add(reader.digest(row));
        }
        if (rows.isEmpty()) {
            enter();
            reader.trim();
        }
    }

    @Override
    public void grow(int count) {
        if (count <= outputs) {
            return;
        }
        double[][] grown = Arrays.copyOf(weights, Math.max(count, Math.min(2 * outputs, outputs + 256)));
        for (int c = outputs; c < count; c++) {
            grown[c] = new double[features + 1];
        }
        answers = new double[grown.length];
        weights = grown;
        outputs = count;
    }

    @Override
    public void scores(int index, Row row, float[] scores) {
        enter();
        reader.step(announced, digests, index);
        Objects.requireNonNull(reader.frame()).apply(row.values(), row.from(), z, 0);
        for (int c = 0; c < row.outputs(); c++) {
            answers[c] = dot(weights[c], z, 0, features + 1); // [W] . [W]
            scores[c] = (float) answers[c];
        }
    }

    /**
     * Moves on to the next block if this one is full; if the centre of {@code z} moves, the intercept is adjusted so
     * that predictions do not change.
     */
    private void enter() {
        double[] shift = reader.enter();
        if (shift != null) {
            for (int c = 0; c < outputs; c++) {
                weights[c][features] += dot(weights[c], shift, 0, features);
            }
        }
    }

    @Override
    public double learn(Row row, float[] scores, float[] truth) {
        double loss = 0;
        double largestResidual = 0;
        for (int c = 0; c < row.outputs(); c++) {
            double residual = truth[c] - answers[c];
            loss += residual * residual;
            largestResidual = Math.max(largestResidual, Math.abs(residual));
        }
        if (!(loss < Double.POSITIVE_INFINITY)) {
            throw new NotFinite("a prediction is not finite");
        }
        double root = reader.root();
        double reach = bound + largestResidual / root * reader.largest() * constant;
        if (!(reach < Float.MAX_VALUE)) {
            throw new NotFinite("the weights would pass " + Float.MAX_VALUE);
        }
        bound = reach;
        double[] gain = reader.gain();
        int at = reader.at();
        for (int c = 0; c < row.outputs(); c++) {
            add(weights[c], gain, at, (truth[c] - answers[c]) / root); // [W] += [W]
        }
        updates++;
        return loss;
    }

    private static double dot(double[] a, double[] b, int from, int count) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < count; i += 4) {
            s0 += a[i] * b[from + i];
            s1 += a[i + 1] * b[from + i + 1];
            s2 += a[i + 2] * b[from + i + 2];
            s3 += a[i + 3] * b[from + i + 3];
        }
        for (; i < count; i++) {
            s0 += a[i] * b[from + i];
        }
        return (s0 + s1) + (s2 + s3);
    }

    private static void add(double[] row, double[] gain, int at, double factor) {
        for (int i = 0; i < row.length; i++) {
            row[i] += gain[at + i] * factor;
        }
    }

    /** Does nothing: every row is learned when it arrives. */
    @Override
    public void flush() {}

    @Override
    public Weights weights() {
        float[][] rows = new float[outputs][features + 1];
        for (int c = 0; c < outputs; c++) {
            for (int j = 0; j < features; j++) {
                rows[c][j] = (float) weights[c][j];
            }
            rows[c][features] = (float) (weights[c][features] * constant);
        }
        Frame frame = reader.frame();
        return new Weights(rows, outputs, features, frame == null || frame.plain() ? null : frame.scaling());
    }

    @Override
    public long updates() {
        return updates;
    }

    @Override
    public long bytes() {
        return reader.bytes() + outputs * (16L + 8L * (features + 1));
    }

    /** The reader, for tests. */
    CovarianceReader reader() {
        return reader;
    }

    @Override
    public void close() {
        reader.close();
    }
}
