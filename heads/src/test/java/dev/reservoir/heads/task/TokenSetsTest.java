// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Target.TokenSet;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.math.Losses;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TokenSetsTest {
    private static final TokenSet UNKNOWN = new TokenSet(true, new int[0]);

    private final Targets targets = new Targets(new Task.TokenMultiLabel(List.of("b", "c"), 4));

    private static TokenSet has(int... indices) {
        return new TokenSet(false, indices);
    }

    private static Target sets(List<String> labels, TokenSet... tokens) {
        return new Target.TokenLabelSets(labels, List.of(tokens));
    }

    @Test
    void labelsAreFoundByNameInAnyOrder() {
        List<Truth> truths = targets.truths(sets(List.of("c", "x", "b"), has(2, 0), has(), UNKNOWN, has(0)), 4, null);

        assertThat(truths).extracting(Truth::row).containsExactly(0, 1, 3);
        assertThat(truths).extracting(Truth::last).containsExactly(false, false, true);
        assertThat(truths).extracting(truth -> dense(truth, 3)).containsExactly("1 1 0", "0 0 0", "0 1 0");
        assertThat(targets.labels().list()).as("no token has x").containsExactly("b", "c");
    }

    @Test
    void newLabelsAreAddedTokenByTokenInAlphabeticalOrder() {
        List<Truth> truths = targets.truths(sets(List.of("z", "b", "a"), UNKNOWN, has(1), has(0, 1, 2)), 3, null);

        assertThat(targets.labels().list()).containsExactly("b", "c", "a", "z");
        assertThat(truths).extracting(Truth::known).containsExactly(2, 2);
        assertThat(truths).extracting(Truth::outputs).containsExactly(2, 4);
        assertThat(dense(truths.get(1), 4)).isEqualTo("1 0 1 1");
    }

    @Test
    void anExampleWithoutAKnownTokenHasNoTruth() {
        assertThat(targets.truths(sets(List.of("b"), UNKNOWN, UNKNOWN), 2, null))
                .isEmpty();
    }

    private static String dense(Truth truth, int outputs) {
        float[] values = new float[outputs];
        truth.fill(values);
        StringBuilder text = new StringBuilder();
        for (float value : values) {
            text.append(text.isEmpty() ? "" : " ").append((int) value);
        }
        return text.toString();
    }

    static List<Arguments> wrong() {
        List<String> two = List.of("b", "c");
        return List.of(
                Arguments.of(sets(two, has(0)), "target: 1 sets of labels (expected: 2, one per token)"),
                Arguments.of(sets(two, has(0), has(), has()), "target: 3 sets of labels (expected: 2, one per token)"),
                Arguments.of(
                        sets(two, has(0), has(1, 0, 1)),
                        "target: token 1: label index 1 twice (expected: each label once per token)"),
                Arguments.of(
                        sets(two, has(2), has()),
                        "target: token 0: label index 2 (expected: less than the 2 labels named)"),
                Arguments.of(
                        sets(two, has(), has(-1)),
                        "target: token 1: label index 4294967295 (expected: less than the 2 labels named)"),
                Arguments.of(
                        sets(two, new TokenSet(true, new int[] {0}), has()),
                        "target: token 0 unknown with 1 labels (expected: none where the truth is unknown)"),
                Arguments.of(
                        sets(List.of("b", "c", "b"), has(), has()),
                        "target: label \"b\" twice (expected: each label once)"),
                Arguments.of(
                        sets(List.of("1", "2", "3", "4", "5"), has(), has()),
                        "target: 5 labels (expected: at most max_labels 4)"),
                Arguments.of(sets(List.of(""), has(0), has()), "target: a label of 0 bytes (expected: 1 to 128)"),
                Arguments.of(
                        new Target.TokenLabels(two),
                        "target: token_labels (expected: token_label_sets for task token_multi_label)"));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void invalidTargetsAreRefusedAndChangeNothing(Target target, String message) {
        assertThatThrownBy(() -> targets.truths(target, 2, null))
                .isInstanceOf(Refused.class)
                .hasMessage(message)
                .extracting(e -> ((Refused) e).reason())
                .isEqualTo(Reason.WRONG_TARGET);
        assertThat(targets.labels().list()).containsExactly("b", "c");
    }

    @Test
    void oneLabelTooManyAddsNoneOfTheExample() {
        Target target = sets(List.of("x", "y", "z"), has(0, 1), has(2));

        assertThatThrownBy(() -> targets.truths(target, 2, null))
                .isInstanceOf(Refused.class)
                .hasMessage("labels: \"z\" (expected: at most 4 labels)")
                .extracting(e -> ((Refused) e).reason())
                .isEqualTo(Reason.LABEL_LIMIT);
        assertThat(targets.labels().list()).containsExactly("b", "c");
    }

    @Test
    void meanLossIsTheSumOverItsLabelsDividedByTheirNumber() {
        float[] scores = {-2, 0.5f, 3, 0};
        float[] truth = {1, 0, 1, 0};
        float[] sum = new float[4];
        float[] mean = new float[4];
        double whole = Losses.gradient(Loss.LOGISTIC, scores, truth, sum, 4);

        assertThat(Losses.gradient(Loss.MEAN_LOGISTIC, scores, truth, mean, 4)).isEqualTo(whole / 4);
        for (int c = 0; c < 4; c++) {
            assertThat(mean[c]).isEqualTo(sum[c] / 4);
        }
        assertThat(Loss.of(new Task.TokenMultiLabel(List.of(), 1))).isEqualTo(Loss.MEAN_LOGISTIC);
    }
}
