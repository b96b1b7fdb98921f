package dev.reservoir.heads.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LossesTest {
    @ParameterizedTest
    @EnumSource(Loss.class)
    void slopesAreFiniteDifferencesOfTheLoss(Loss loss) {
        Random random = new Random(3);
        int count = 5;
        float[] scores = new float[count];
        float[] truth = new float[count];
        for (int c = 0; c < count; c++) {
            scores[c] = (float) random.nextGaussian() * 2;
        }
        truth[2] = 1;
        float[] slope = new float[count];
        float[] scrap = new float[count];
        Losses.slope(loss, scores, truth, slope, count);
        for (int c = 0; c < count; c++) {
            float[] up = scores.clone();
            float[] down = scores.clone();
            up[c] += 1e-3f;
            down[c] -= 1e-3f;
            double difference =
                    Losses.slope(loss, up, truth, scrap, count) - Losses.slope(loss, down, truth, scrap, count);
            assertThat(difference / ((double) up[c] - down[c])).isCloseTo(slope[c], within(1e-4));
        }
    }

    @Test
    void lossesStayFiniteAtExtremeScores() {
        float[] slope = new float[2];
        float[] truth = {1, 0};
        assertThat(Losses.slope(Loss.SOFTMAX, new float[] {-200, 200}, truth, slope, 2))
                .isEqualTo(400);
        assertThat(slope).containsExactly(-1, 1);
        assertThat(Losses.slope(Loss.LOGISTIC, new float[] {-200, 200}, truth, slope, 2))
                .isEqualTo(400);
    }
}
