// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrequentialMetricsTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 40})
    void theWindowCoversTheLastExamplesAndForgetsHugeErrorsCompletely(int window) {
        PrequentialMetrics metrics = new PrequentialMetrics(window, false);
        Random random = new Random(window);
        List<Double> errors = new ArrayList<>();
        for (int n = 0; n < 130; n++) {
            double error = n == 20 ? (float) 1e18 : random.nextFloat();
            errors.add(error);
            PrequentialMetrics.Tally tally = new PrequentialMetrics.Tally();
            tally.score(
                    new Task.Regression(1),
                    new Truth(0, true, 1, 1, null, new float[] {0}, null),
                    new float[] {(float) error},
                    new float[] {0},
                    0,
                    null);
            metrics.add(tally);
            List<Double> last = errors.subList(Math.max(0, errors.size() - window), errors.size());
            double mean = last.stream().mapToDouble(e -> e).average().orElseThrow();
            assertThat(metrics.windowed().count()).isEqualTo(last.size());
            assertThat(metrics.windowed().meanAbsoluteError()).isCloseTo(mean, within(1e-12 * Math.max(1, mean)));
        }
    }
}
