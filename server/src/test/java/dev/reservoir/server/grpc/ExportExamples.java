// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.server.mixing.WordTokenizer;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.LabelSequence;
import dev.reservoir.v1.LabelSet;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TokenLabelSet;
import dev.reservoir.v1.TokenLabelSets;
import dev.reservoir.v1.Vector;
import java.util.List;
import java.util.Random;

/** Random examples for heads that read text or rows. */
final class ExportExamples {
    private final Random random = new Random(5);

    Observation observation(Head head) {
        if (head.getModality().hasText()) {
            List<String> words = List.of("a", "lovely", "awful", "day", "night", "train");
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(6); i >= 0; i--) {
                text.append(words.get(random.nextInt(6))).append(' ');
            }
            return Messages.text(text.toString());
        }
        int width = head.getModality().getTensor().getWidth();
        Matrix.Builder matrix = Matrix.newBuilder().setColumns(width);
        for (int i = width * (1 + random.nextInt(4)); i > 0; i--) {
            matrix.addValues((float) random.nextGaussian());
        }
        return Observation.newBuilder().setTensor(matrix).build();
    }

    static double[][] rows(Observation observation) {
        if (observation.hasTensor()) {
            Matrix matrix = observation.getTensor();
            double[][] rows = new double[matrix.getValuesCount() / matrix.getColumns()][matrix.getColumns()];
            for (int i = 0; i < matrix.getValuesCount(); i++) {
                rows[i / matrix.getColumns()][i % matrix.getColumns()] = matrix.getValues(i);
            }
            return rows;
        }
        int[] ids = new WordTokenizer().encode(observation.getText(), 128);
        double[][] rows = new double[ids.length][1];
        for (int i = 0; i < ids.length; i++) {
            rows[i][0] = ids[i];
        }
        return rows;
    }

    static Target target(Task task, Observation observation) {
        Target.Builder target = Target.newBuilder();
        String label = observation.hasText()
                ? observation.getText().contains("lovely") ? "good" : "bad"
                : observation.getTensor().getValues(0) > 0 ? "good" : "bad";
        return switch (task.getKindCase()) {
            case CLASSIFICATION -> target.setLabel(label).build();
            case MULTI_LABEL ->
                target.setLabels(LabelSet.newBuilder().addLabels(label)).build();
            case REGRESSION -> {
                Vector.Builder values = Vector.newBuilder();
                for (int i = 0; i < task.getRegression().getDimensions(); i++) {
                    values.addValues(label.length() + i);
                }
                yield target.setValues(values).build();
            }
            case TOKEN_MULTI_LABEL -> {
                TokenLabelSets.Builder sets =
                        TokenLabelSets.newBuilder().addLabels("up").addLabels("far");
                for (double[] row : rows(observation)) {
                    TokenLabelSet.Builder set = TokenLabelSet.newBuilder();
                    if (row[0] > 0) {
                        set.addIndices(0);
                    }
                    if (Math.abs(row[1]) > 0.7) {
                        set.addIndices(1);
                    }
                    sets.addTokens(set);
                }
                yield target.setTokenLabelSets(sets).build();
            }
            default -> {
                LabelSequence.Builder labels = LabelSequence.newBuilder();
                for (double[] row : rows(observation)) {
                    labels.addLabels(row[0] > 0 ? "up" : "down");
                }
                yield target.setTokenLabels(labels).build();
            }
        };
    }
}
