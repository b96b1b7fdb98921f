// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.task;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.math.Losses;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswersTest {
    private static final Task SETS = new Task.TokenMultiLabel(List.of("a", "b", "c"), 3);

    /** Outputs are logits under a gradient rule and probabilities under least squares. */
    @Test
    void tokenSetsContainLabelsThatScoreAtLeastOneHalf() {
        float[] outputs = {2, -1, 0, -3, -2, -2};
        var link = sets(new Answers(SETS, List.of("a", "b", "c"), Loss.MEAN_LOGISTIC), outputs.clone(), 2);
        var none = sets(new Answers(SETS, List.of("a", "b", "c"), null), outputs.clone(), 3);

        assertThat(link.labels()).containsExactly("a", "b", "c");
        assertThat(link.tokens().get(0).indices()).containsExactly(0, 2);
        assertThat(link.tokens().get(0).scored()).containsExactly(0, 2);
        assertThat(link.tokens().get(0).scores()).containsExactly(Losses.logistic(2), 0.5f);
        assertThat(link.tokens().get(1).indices()).isEmpty();
        assertThat(link.tokens().get(1).scored()).containsExactly(1, 2);
        assertThat(none.tokens().get(0).indices()).containsExactly(0);
        assertThat(none.tokens().get(0).scored()).containsExactly(0, 2, 1);
        assertThat(none.tokens().get(0).scores()).containsExactly(2, 0, -1);
        assertThat(sets(new Answers(SETS, List.of(), null), new float[0], 3).tokens())
                .hasSize(2)
                .allSatisfy(token -> assertThat(token.indices()).isEmpty());
    }

    private static Prediction.TokenLabelSets sets(Answers answers, float[] outputs, int maxScores) {
        return (Prediction.TokenLabelSets) answers.of(outputs, 2, null, maxScores);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 32, 33, 100})
    void topScoresEqualASortWithTiesInLabelOrder(int most) {
        Random random = new Random(most);
        float[] scores = new float[100];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = random.nextInt(10) - 5;
        }
        scores[7] = -0f;
        List<Integer> sorted = new ArrayList<>(IntStream.range(0, 100).boxed().toList());
        sorted.sort(Collections.reverseOrder(Comparator.comparingDouble((Integer i) -> scores[i] + 0f))
                .thenComparing(Comparator.naturalOrder()));
        long[] keys = Answers.topKeys(scores, most);
        assertThat(Arrays.stream(keys).mapToInt(key -> (int) key).boxed()).isEqualTo(sorted.subList(0, most));
    }
}
