package dev.reservoir.heads.readout;

import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.readout.Standardizer.Scaling;
import org.jspecify.annotations.Nullable;

/**
 * Weights of a readout {@code [C][width]}, a row an output: {@code F} weights, the bias, then zeros. A row an output makes new outputs free,
 * learning a long {@code y += a x} that vectorises, and prediction a sum over a row.
 *
 * @param scaling what rows of features go through first; null for nothing
 */
record Weights(
        float[][] rows, int outputs, int features, @Nullable Scaling scaling) {

    /** The same with other outputs known and another scaling. */
    Weights with(int known, @Nullable Scaling other) {
        return new Weights(rows, known, features, other);
    }

    /** Room for {@link #answer}, one a thread. */
    float[] scratch() {
        return new float[scaling == null ? 0 : features];
    }

    /** Writes the scores of all outputs for the raw features at {@code from}. */
    void answer(float[] values, int from, float[] scratch, float[] scores) {
        if (scaling == null) {
            apply(values, from, scores, outputs);
        } else {
            scaling.apply(values, from, scratch);
            apply(scratch, 0, scores, outputs);
        }
    }

    /** Writes {@code W x + b} of the first {@code count} outputs. The order of additions is fixed, so that equal inputs give equal bits. */
    void apply(float[] values, int from, float[] scores, int count) {
        int output = 0;
        for (; output + 1 < count; output += 2) {
            pair(rows[output], rows[output + 1], values, from, features, scores, output);
        }
        if (output < count) {
            scores[output] = single(rows[output], values, from, features);
        }
    }

    private static void pair(float[] a, float[] b, float[] x, int from, int features, float[] scores, int at) {
        float a0 = 0;
        float a1 = 0;
        float a2 = 0;
        float a3 = 0;
        float b0 = 0;
        float b1 = 0;
        float b2 = 0;
        float b3 = 0;
        int i = 0;
        for (; i + 3 < features; i += 4) {
            float x0 = x[from + i];
            float x1 = x[from + i + 1];
            float x2 = x[from + i + 2];
            float x3 = x[from + i + 3];
            a0 += a[i] * x0;
            a1 += a[i + 1] * x1;
            a2 += a[i + 2] * x2;
            a3 += a[i + 3] * x3;
            b0 += b[i] * x0;
            b1 += b[i + 1] * x1;
            b2 += b[i + 2] * x2;
            b3 += b[i + 3] * x3;
        }
        for (; i < features; i++) {
            a0 += a[i] * x[from + i];
            b0 += b[i] * x[from + i];
        }
        scores[at] = (a0 + a1) + (a2 + a3) + a[features];
        scores[at + 1] = (b0 + b1) + (b2 + b3) + b[features];
    }

    private static float single(float[] a, float[] x, int from, int features) {
        float a0 = 0;
        float a1 = 0;
        float a2 = 0;
        float a3 = 0;
        int i = 0;
        for (; i + 3 < features; i += 4) {
            a0 += a[i] * x[from + i];
            a1 += a[i + 1] * x[from + i + 1];
            a2 += a[i + 2] * x[from + i + 2];
            a3 += a[i + 3] * x[from + i + 3];
        }
        for (; i < features; i++) {
            a0 += a[i] * x[from + i];
        }
        return (a0 + a1) + (a2 + a3) + a[features];
    }

    void visitParts(PartVisitor parts) {
        if (scaling != null) {
            scaling.visitParts(parts);
        }
        parts.tensor(NamedTensor.turned("readout.weight", rows, outputs, 0, features));
        float[] biases = new float[outputs];
        for (int c = 0; c < outputs; c++) {
            biases[c] = rows[c][features];
        }
        parts.tensor(NamedTensor.of("readout.bias", biases, outputs));
    }

    long bytes() {
        return outputs == 0 ? 0 : (long) outputs * (24 + 4L * rows[0].length);
    }
}
