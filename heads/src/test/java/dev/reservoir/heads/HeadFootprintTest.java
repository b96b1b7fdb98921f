// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.readout.Learners;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The predicted footprint of a head against what it uses once it has learned. */
final class HeadFootprintTest {
    private static final int FEATURES = 600;
    private static final int LABELS = 40;
    private static final ModalitySpec ROWS = new ModalitySpec.Tensor(FEATURES, 1);

    static Stream<LearningSpec> rules() {
        return Stream.of(
                new LearningSpec.RecursiveLeastSquares(1, 1, 8),
                new LearningSpec.Gradient(1e-2, 0, 1, 8),
                new LearningSpec.Gradient(1e-2, 0, 4, 8));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void aHeadUsesNoMoreThanPredictedAndNotMuchLess(LearningSpec learning) {
        Task task = new Task.Classification(List.of(), LABELS);
        HeadSpec spec = new HeadSpec(
                new HeadName("tests", "head"), ROWS, task, new EncoderSpec(Pooling.INPUT_ONLY, 64, false), learning, 0);
        HeadFootprint foretold = HeadFootprint.of(task, learning, FEATURES);
        KeyedEncoder encoder =
                new KeyedEncoder(new EncoderKey("none", ROWS, Pooling.INPUT_ONLY, 0, FEATURES), FEATURES);
        try (Learners learners = new Learners();
                FeatureLearner learner = learners.create(spec, encoder)) {
            learner.learn(IntStream.range(0, 2 * LABELS)
                    .mapToObj(HeadFootprintTest::item)
                    .toList());
            learner.snapshot();
            long all = foretold.heapBytes() + foretold.nativeBytes();
            // Standardisation, histories and whatever else does not grow with the outputs.
            assertThat(learner.residentBytes()).isBetween(all / 3, all + 60L * 4 * FEATURES);
        }
    }

    private static Item item(int n) {
        float[] values = new float[FEATURES];
        values[n % FEATURES] = 1;
        return new Item(new Features(values, 1, 0, null), new Target.Label("label " + n % LABELS));
    }
}
