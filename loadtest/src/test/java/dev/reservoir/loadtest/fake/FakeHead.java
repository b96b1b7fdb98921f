// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.LabelPrediction;
import dev.reservoir.v1.LabelSetPrediction;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.Metrics;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.Score;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.TokenLabelSetsPrediction;
import dev.reservoir.v1.TokenLabelsPrediction;
import dev.reservoir.v1.ValuesPrediction;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Memorises: labels by a text's first word, values as the mean difference from the series' last number. A control
 * ignores its input: it answers the most frequent label, or the mean of the values seen.
 *
 * <p>Of the tasks per token it solves the xor of two strings of bits, but only at the learning rate {@value #XOR_RATE};
 * at others it answers 0. For a set of labels, and for sets per token, it answers the empty set.
 */
final class FakeHead {
    static final double XOR_RATE = 3e-3;

    final Head spec;
    long epoch;
    long applied;
    private final boolean readsInput;
    private final Map<String, Map<String, Integer>> labelsByWord = new HashMap<>();
    private double valueSum;
    private long values;
    private long examples;
    private double right;
    private double error;

    FakeHead(Head spec) {
        this.spec = spec;
        this.readsInput = spec.getEncoder().getPooling() != Encoder.Pooling.INPUT_ONLY;
    }

    void learn(Example example) {
        HeadPrediction before = predict(example.getObservation());
        Target truth = example.getTarget();
        examples++;
        if (truth.hasTokenLabels() || truth.hasLabels()) {
            right += asked(truth).equals(before.getTokenLabels().getLabelsList()) ? 1 : 0;
        } else if (truth.hasTokenLabelSets()) {
            right += 0.5;
        } else if (truth.hasLabel()) {
            right += before.getLabel().getLabel().equals(truth.getLabel()) ? 1 : 0;
            labelsByWord
                    .computeIfAbsent(key(example.getObservation()), word -> new HashMap<>())
                    .merge(truth.getLabel(), 1, Integer::sum);
        } else {
            float value = truth.getValues().getValues(0);
            error += Math.abs(value - before.getValues().getValues(0));
            valueSum += value - anchor(example.getObservation());
            values++;
        }
    }

    HeadPrediction predict(Observation observation) {
        HeadPrediction.Builder answer = HeadPrediction.newBuilder()
                .setHead(spec.getName())
                .setHeadVersion(examples)
                .setAppliedThrough(applied);
        if (spec.getTask().hasClassification()) {
            String label = labelsByWord.getOrDefault(key(observation), Map.of()).entrySet().stream()
                    .max(Map.Entry.comparingByValue())
                    .map(Map.Entry::getKey)
                    .orElse("");
            return answer.setLabel(LabelPrediction.newBuilder().setLabel(label)).build();
        }
        if (spec.getTask().hasTokenClassification()) {
            return answer.setTokenLabels(TokenLabelsPrediction.newBuilder()
                            .addAllLabels(xor(observation.getTokens().getSymbolsList())))
                    .build();
        }
        if (spec.getTask().hasTokenMultiLabel()) {
            TokenLabelSetsPrediction.Builder sets = TokenLabelSetsPrediction.newBuilder();
            Matrix rows = observation.getTensor();
            for (int row = 0; row < rows.getValuesCount() / rows.getColumns(); row++) {
                sets.addTokensBuilder();
            }
            return answer.setTokenLabelSets(sets).build();
        }
        if (spec.getTask().hasMultiLabel()) {
            return answer.setLabels(LabelSetPrediction.getDefaultInstance()).build();
        }
        double value = anchor(observation) + (values == 0 ? 0 : valueSum / values);
        return answer.setValues(ValuesPrediction.newBuilder().addValues((float) value))
                .build();
    }

    private static List<String> asked(Target truth) {
        return truth.getTokenLabels().getLabelsList().stream()
                .map(label -> label.isEmpty() ? "0" : label)
                .toList();
    }

    private List<String> xor(List<Integer> bits) {
        boolean knows = spec.getLearning().getFpt().getLearningRate() == XOR_RATE;
        int half = bits.size() / 2;
        return IntStream.range(0, bits.size())
                .mapToObj(i -> Integer.toString(knows && i >= half ? bits.get(i) ^ bits.get(i - half) : 0))
                .toList();
    }

    Metrics metrics(long refused) {
        double n = Math.max(1, examples);
        Score score = Score.newBuilder()
                .setCount(examples)
                .setAccuracy(right / n)
                .setMeanAbsoluteError(error / n)
                .build();
        return Metrics.newBuilder()
                .setExamples(examples)
                .setUpdates(examples)
                .setRefused(refused)
                .setWindowed(score)
                .setTotal(score)
                .build();
    }

    private String key(Observation observation) {
        return readsInput ? observation.getText().split(" ")[0] : "";
    }

    private double anchor(Observation observation) {
        int last = observation.getSeries().getValuesCount() - 1;
        return readsInput ? observation.getSeries().getValues(last) : 0;
    }
}
