// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.math.Vectors;
import dev.reservoir.heads.task.Answers;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An FPT head at one moment. Shares its arrays with the learner, which replaces them and never writes to them.
 *
 * @param readout {@code [C][F + 1]}, the bias last
 * @param exampleEncoder that of the frozen baseline; null if there is none
 */
record FptSnapshot(
        Answers answers,
        float[][] readout,
        int features,
        ObservationEncoder encoder,
        @Nullable ObservationEncoder exampleEncoder)
        implements HeadSnapshot {

    @Override
    public List<String> labels() {
        return answers.labels();
    }

    @Override
    public Prediction predict(Features read, int maxScores) {
        if (read.width() != features) {
            throw new IllegalArgumentException("features: width " + read.width() + " (expected: " + features + ")");
        }
        if (maxScores < 0) {
            throw new IllegalArgumentException("maxScores: " + maxScores + " (expected: >= 0)");
        }
        float[] scores = new float[read.rows() * readout.length];
        for (int row = 0; row < read.rows(); row++) {
            Vectors.affine(
                    readout, readout.length, features, read.values(), row * features, scores, row * readout.length);
        }
        return answers.of(scores, read.rows(), read.scale(), maxScores);
    }

    @Override
    public void visitParts(PartVisitor parts) {
        answers.visitParts(parts);
        parts.tensor(NamedTensor.transposed("readout.weight", readout, readout.length, 0, features));
        float[] biases = new float[readout.length];
        for (int c = 0; c < biases.length; c++) {
            biases[c] = readout[c][features];
        }
        parts.tensor(NamedTensor.of("readout.bias", biases, biases.length));
    }
}
