// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.Gradient;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import java.util.List;

/**
 * One task with its data, in terms of the wire contract alone.
 *
 * @param id letters, digits and {@code -}, usable as a head id
 * @param title one line for people
 * @param spec modality, task and learning as sent in CreateHead; without a name
 * @param metric {@code accuracy} (share of correct answers) or {@code mae} (mean absolute error, lower is better)
 * @param baseline the strongest of the rules that learn nothing from the observation
 */
public record Workload(String id, String title, Head spec, String metric, Data data, Baseline baseline) {
    /**
     * Examples with observation and target, sequence unset.
     *
     * @param train in the order in which they are to be streamed
     * @param test contains no observation of {@code train}
     * @param source where the data comes from and its licence, one line
     */
    public record Data(List<Example> train, List<Example> test, String source) {
        public Data {
            if (train.isEmpty() || test.isEmpty()) {
                throw new IllegalArgumentException(
                        "examples: " + train.size() + " train, " + test.size() + " test (expected: some of each)");
            }
            train = List.copyOf(train);
            test = List.copyOf(test);
        }
    }

    /** Suffix of the id of a head that learns through the substrate; without it, the id of its readout version. */
    public static final String FPT_SUFFIX = "-fpt";

    /** Share of correct answers. */
    public static final String ACCURACY = "accuracy";

    /** Mean absolute error over all predicted values, in the unit of the targets. */
    public static final String MEAN_ABSOLUTE_ERROR = "mae";

    public Workload {
        if (!id.matches("[a-z][a-z0-9-]{0,62}")) {
            throw new IllegalArgumentException(
                    "id: \"" + id + "\" (expected: 1 to 63 of a-z, 0-9 and -, a letter first)");
        }
        if (!metric.equals(ACCURACY) && !metric.equals(MEAN_ABSOLUTE_ERROR)) {
            throw new IllegalArgumentException("metric: \"" + metric + "\" (expected: accuracy or mae)");
        }
        if (!spec.getName().isEmpty()) {
            throw new IllegalArgumentException("spec.name: \"" + spec.getName() + "\" (expected: empty)");
        }
    }

    public List<Example> train() {
        return data.train();
    }

    public List<Example> test() {
        return data.test();
    }

    /** Whether a higher score is better. */
    public boolean higherIsBetter() {
        return metric.equals(ACCURACY);
    }

    /** Whether {@code score} is strictly better than the baseline. */
    public boolean beatsBaseline(double score) {
        return higherIsBetter() ? score > baseline.score() : score < baseline.score();
    }

    /**
     * The same classification for a head that learns through the substrate; its id ends in {@link #FPT_SUFFIX}.
     *
     * @param examples how many examples it learns from, starting with the first
     */
    Workload throughSubstrate(Encoder.Pooling pooling, Fpt rule, int examples) {
        List<Example> fewer = train().subList(0, examples);
        return new Workload(
                id + FPT_SUFFIX,
                "FPT " + title,
                spec.toBuilder()
                        .setKind(Head.Kind.FPT)
                        .setEncoder(Encoder.newBuilder().setPooling(pooling))
                        .setLearning(Learning.newBuilder().setFpt(rule))
                        .build(),
                metric,
                new Data(fewer, test(), data.source()),
                Baseline.majority(fewer, test()));
    }

    /**
     * The same head without the substrate: its readout reads the raw input alone. For a head that learns through the
     * substrate, this readout learns by gradient too.
     */
    public Head controlSpec() {
        if (spec.getKind() == Head.Kind.FPT) {
            return spec.toBuilder()
                    .setKind(Head.Kind.READOUT)
                    .setEncoder(Encoder.newBuilder().setPooling(Encoder.Pooling.INPUT_ONLY))
                    .setLearning(Learning.newBuilder().setGradient(Gradient.getDefaultInstance()))
                    .build();
        }
        return spec.toBuilder()
                .setEncoder(spec.getEncoder().toBuilder().setPooling(Encoder.Pooling.INPUT_ONLY))
                .build();
    }

    /** Omits the examples, which would fill pages. */
    @Override
    public String toString() {
        return "Workload[" + id + ", " + train().size() + " train, " + test().size() + " test]";
    }
}
