// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.task.Answers;
import java.util.List;

/** A frozen encoder, and weights that are never written to again. */
record ReadoutSnapshot(ObservationEncoder encoder, Answers answers, Weights weights) implements HeadSnapshot {

    @Override
    public List<String> labels() {
        return answers.labels();
    }

    @Override
    public ObservationEncoder exampleEncoder() {
        return encoder;
    }

    @Override
    public Prediction predict(Features features, int maxScores) {
        if (features.width() != weights.features()) {
            throw new IllegalArgumentException(
                    "features: width " + features.width() + " (expected: " + weights.features() + ")");
        }
        if (maxScores < 0) {
            throw new IllegalArgumentException("maxScores: " + maxScores + " (expected: >= 0)");
        }
        int outputs = weights.outputs();
        float[] all = new float[features.rows() * outputs];
        float[] scores = new float[outputs];
        float[] scratch = weights.scratch();
        for (int row = 0; row < features.rows(); row++) {
            weights.answer(features.values(), row * weights.features(), scratch, scores);
            System.arraycopy(scores, 0, all, row * outputs, outputs);
        }
        return answers.of(all, features.rows(), features.scale(), maxScores);
    }

    @Override
    public void visitParts(PartVisitor parts) {
        answers.visitParts(parts);
        weights.visitParts(parts);
    }
}
