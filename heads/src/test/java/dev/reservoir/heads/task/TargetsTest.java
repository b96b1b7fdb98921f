// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TargetsTest {
    private static final Task FORECAST = new Task.Forecast(1, 2);

    private static Target values(float... values) {
        return new Target.Values(values);
    }

    @ParameterizedTest
    @ValueSource(
            floats = {
                1.001e9f,
                -1.001e9f,
                1e19f,
                3e38f,
                -3e38f,
                Float.NaN,
                Float.POSITIVE_INFINITY,
                Float.NEGATIVE_INFINITY
            })
    void valuesBeyondTheBoundAreRefused(float value) {
        for (Task task : List.of(new Task.Regression(2), FORECAST)) {
            assertThatThrownBy(() -> new Targets(task).truths(values(0, value), 1, null))
                    .isInstanceOfSatisfying(
                            Refused.class,
                            refused -> assertThat(refused.reason()).isEqualTo(Reason.WRONG_TARGET))
                    .hasMessage("target: values[1] = " + value
                            + " (expected: a finite number of absolute value at most 1e9)");
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {1e9f, -1e9f, 0, Float.MIN_VALUE})
    void valuesUpToTheBoundAreAccepted(float value) {
        assertThat(new Targets(new Task.Regression(2))
                        .truths(values(value, 1), 1, null)
                        .get(0)
                        .values())
                .containsExactly(value, 1);
    }

    @Test
    void forecastsBeyondTheBoundInDeviationsOfTheWindowAreRefused() {
        Features.Scale scale = new Features.Scale(new float[] {0, 1}, new float[] {1, 1e-6f});
        Targets targets = new Targets(FORECAST);
        assertThat(targets.truths(values(5, 1.5f), 1, scale).get(0).values()).hasSize(2);
        assertThatThrownBy(() -> targets.truths(values(5, 1e6f), 1, scale))
                .isInstanceOf(Refused.class)
                .hasMessageStartingWith("target: values[1] = 1000000.0, ")
                .hasMessageEndingWith("deviations of the window from its mean (expected: at most 1e9 deviations)");
    }

    @Test
    void aTargetOfAnotherKindIsNamedAsTheContractNamesIt() {
        assertThatThrownBy(() -> new Targets(new Task.Classification(List.of(), 4)).truths(values(1), 1, null))
                .hasMessage("target: values (expected: label for task classification)");
    }
}
