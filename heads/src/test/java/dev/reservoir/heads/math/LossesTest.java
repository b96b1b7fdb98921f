// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LossesTest {
    @ParameterizedTest
    @EnumSource(Loss.class)
    void gradientsEqualFiniteDifferencesOfTheLoss(Loss loss) {
        Random random = new Random(3);
        int count = 5;
        float[] scores = new float[count];
        float[] truth = new float[count];
        for (int c = 0; c < count; c++) {
            scores[c] = (float) random.nextGaussian() * 2;
        }
        truth[2] = 1;
        float[] gradient = new float[count];
        float[] scrap = new float[count];
        Losses.gradient(loss, scores, truth, gradient, count);
        for (int c = 0; c < count; c++) {
            float[] up = scores.clone();
            float[] down = scores.clone();
            up[c] += 1e-3f;
            down[c] -= 1e-3f;
            double difference =
                    Losses.gradient(loss, up, truth, scrap, count) - Losses.gradient(loss, down, truth, scrap, count);
            assertThat(difference / ((double) up[c] - down[c])).isCloseTo(gradient[c], within(1e-4));
        }
    }

    @Test
    void lossesStayFiniteAtExtremeScores() {
        float[] gradient = new float[2];
        float[] truth = {1, 0};
        assertThat(Losses.gradient(Loss.SOFTMAX, new float[] {-200, 200}, truth, gradient, 2))
                .isEqualTo(400);
        assertThat(gradient).containsExactly(-1, 1);
        assertThat(Losses.gradient(Loss.LOGISTIC, new float[] {-200, 200}, truth, gradient, 2))
                .isEqualTo(400);
    }
}
