// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpecChangeTest {
    private static final Task.Labelled COLOURS = new Task.Classification(List.of("red", "green"), 4);

    @Test
    void addedLabelsComeAfterThoseDeclaredAndEachOnce() {
        Task.Labelled more =
                SpecChange.addLabels(COLOURS, List.of("red", "green", "learned"), List.of("green", "blue", "blue"));

        assertThat(more).isEqualTo(new Task.Classification(List.of("red", "green", "blue"), 4));
    }

    @Test
    void learnedLabelsCountTowardsTheLimit() {
        assertThatThrownBy(
                        () -> SpecChange.addLabels(COLOURS, List.of("red", "green", "learned", "too"), List.of("blue")))
                .hasMessage("task.classification.labels: 5 labels (expected: at most max_labels 4)")
                .isInstanceOfSatisfying(Refused.class, refused -> {
                    assertThat(refused.reason()).isEqualTo(Reason.LABEL_LIMIT);
                    assertThat(refused.metadata())
                            .containsEntry("field", "task.classification.labels")
                            .containsEntry("limit", "4");
                });
    }

    @Test
    void addingLabelsKeepsTheKindOfTask() {
        List<String> one = List.of("a");
        for (Task.Labelled task : List.of(
                new Task.Classification(one, 3),
                new Task.MultiLabel(one, 3),
                new Task.TokenClassification(one, 3),
                new Task.TokenMultiLabel(one, 3))) {
            Task.Labelled more = SpecChange.addLabels(task, one, List.of("b"));

            assertThat(more).hasSameClassAs(task);
            assertThat(more.labels()).containsExactly("a", "b");
            assertThat(more.maxLabels()).isEqualTo(3);
        }
    }
}
