// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.RecursiveLeastSquares;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TokensModality;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Do two bits, far apart in a sequence of 16, differ? No single bit carries information about the answer, so that a
 * linear readout of the bits can do no better than chance; one of features that include products of distant bits can.
 * All sequences are distinct.
 */
final class XorBits {

    private static final int LENGTH = 16;
    private static final int TRAIN = 2_000;
    private static final int TEST = 500;
    private static final int FIRST = 2;
    private static final int SECOND = 13;

    private XorBits() {}

    static Workload generate(long seed) {
        List<Example> examples = new Random(seed)
                .ints(0, 1 << LENGTH)
                .distinct()
                .limit(TRAIN + TEST)
                .mapToObj(XorBits::example)
                .toList();
        List<Example> train = examples.subList(0, TRAIN);
        List<Example> test = examples.subList(TRAIN, TRAIN + TEST);
        Baseline baseline = Baseline.majority(train, test);
        return new Workload(
                "bits-xor",
                "Bits: do bits " + FIRST + " and " + SECOND + " of " + LENGTH
                        + " differ (no linear rule on the bits can decide)",
                Head.newBuilder()
                        .setModality(Modality.newBuilder()
                                .setTokens(TokensModality.newBuilder()
                                        .setVocabulary(2)
                                        .setMaxLength(LENGTH)
                                        .setGroup(2)))
                        .setTask(Task.newBuilder()
                                .setClassification(Classification.newBuilder().addAllLabels(List.of("same", "differ"))))
                        .setLearning(Learning.newBuilder().setLeastSquares(RecursiveLeastSquares.getDefaultInstance()))
                        .build(),
                Workload.ACCURACY,
                new Workload.Data(train, test, "generated from a seed"),
                baseline);
    }

    /** @param sequence bit n of the number is bit n of the sequence */
    private static Example example(int sequence) {
        List<Integer> bits = IntStream.range(0, LENGTH)
                .mapToObj(place -> sequence >>> place & 1)
                .toList();
        return Examples.ofSymbols(bits, bits.get(FIRST).equals(bits.get(SECOND)) ? "same" : "differ");
    }
}
