package dev.reservoir.heads.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswersTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 32, 33, 100})
    void topScoresAreThoseOfASortWithTiesInLabelOrder(int most) {
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
