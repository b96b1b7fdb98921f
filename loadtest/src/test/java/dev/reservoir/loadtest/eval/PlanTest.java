// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

final class PlanTest {
    private static final Plan.Group FPT =
            new Plan.Group("task", Results.FORM, Contender.FPT, List.of(1e-3, 3e-3, 1e-2));
    private static final Plan.Group RANDOM = new Plan.Group("task", Results.FORM, Contender.RANDOM, List.of(1e-3));
    private static final List<Long> SEEDS = List.of(5L, 6L, 7L);

    private final Plan plan = new Plan(List.of(FPT, RANDOM), SEEDS, List.of());

    @Test
    void triesEveryRateWithTheFirstSeed() {
        assertThat(plan.due("minilm")).containsExactly(FPT.cell(1e-3, 5), FPT.cell(3e-3, 5), FPT.cell(1e-2, 5));
        assertThat(plan.due("random:minilm")).containsExactly(RANDOM.cell(1e-3, 5));
        assertThat(plan.due("other")).isEmpty();
        assertThat(plan.size("task", "minilm")).isEqualTo(5);
    }

    @Test
    void choosesByValidationAloneAndRunsTheOtherSeedsWithIt() {
        sweep(0.6, 0.8, 0.7);

        assertThat(plan.choice(FPT)).hasValue(3e-3);
        assertThat(plan.due("minilm")).containsExactly(FPT.cell(3e-3, 5), FPT.cell(3e-3, 6), FPT.cell(3e-3, 7));

        // A better test score of another rate changes nothing.
        plan.record(Results.of(FPT.cell(1e-2, 5), 0.7, 1.0));
        assertThat(plan.choice(FPT)).hasValue(3e-3);
    }

    @Test
    void takesTheEarlierOfEqualRates() {
        sweep(0.7, 0.8, 0.8);

        assertThat(plan.choice(FPT)).hasValue(3e-3);
    }

    @Test
    void hasNoChoiceBeforeEveryRateIsTried() {
        plan.record(Results.of(FPT.cell(1e-3, 5), 0.9, null));

        assertThat(plan.choice(FPT)).isEqualTo(OptionalDouble.empty());
        assertThat(plan.due("minilm")).containsExactly(FPT.cell(3e-3, 5), FPT.cell(1e-2, 5));
    }

    @Test
    void omitsCellsInProgress() {
        sweep(0.6, 0.8, 0.7);
        plan.begin(FPT.cell(3e-3, 5));
        plan.begin(FPT.cell(3e-3, 7));

        assertThat(plan.due("minilm")).containsExactly(FPT.cell(3e-3, 6));

        plan.end(FPT.cell(3e-3, 7));
        assertThat(plan.due("minilm")).containsExactly(FPT.cell(3e-3, 6), FPT.cell(3e-3, 7));
    }

    @Test
    void endsWhenEverySeedIsTested() {
        sweep(0.6, 0.8, 0.7);
        for (long seed : SEEDS) {
            plan.record(Results.of(FPT.cell(3e-3, seed), 0.8, 0.75));
        }

        assertThat(plan.due("minilm")).isEmpty();
        assertThat(plan.chosen(FPT)).hasSize(3);
        assertThat(plan.results(FPT)).hasSize(5);
        assertThat(plan.done("task", "minilm")).isEqualTo(5);
    }

    @Test
    void ignoresARateThatFailed() {
        plan.record(Results.of(FPT.cell(1e-3, 5), 0.1, null));
        plan.record(Results.of(FPT.cell(3e-3, 5), null, null));
        plan.record(Results.of(FPT.cell(1e-2, 5), null, null));

        assertThat(plan.choice(FPT)).hasValue(1e-3);

        plan.record(Results.of(FPT.cell(1e-3, 5), null, null));
        assertThat(plan.choice(FPT)).isEmpty();
        assertThat(plan.due("minilm")).isEmpty();
        assertThat(plan.chosen(FPT)).isEmpty();
    }

    @Test
    void continuesFromEarlierResultsOfTheSameFormAndSubstrate() {
        List<CellResult> known = List.of(
                Results.of(FPT.cell(1e-3, 5), 0.5, null),
                Results.of(FPT.cell(3e-3, 5), 0.8, 0.8),
                Results.trained(FPT.cell(1e-2, 5), "another form")
                        .validation(0.9)
                        .build(),
                Results.of(FPT.cell(3e-3, 6), 0.8, 0.8),
                Results.trained(FPT.cell(3e-3, 7), Results.FORM)
                        .substrate("minilm", "another digest")
                        .validation(0.8)
                        .test(0.8)
                        .build(),
                Results.trained(RANDOM.cell(1e-3, 5), Results.FORM)
                        .substrate("random:minilm", "d2")
                        .validation(0.6)
                        .test(0.6)
                        .build());
        Plan resumed = new Plan(List.of(FPT, RANDOM), SEEDS, known);

        resumed.keepOnly("minilm", Results.DIGEST);
        assertThat(resumed.due("minilm")).containsExactly(FPT.cell(1e-2, 5));
        assertThat(resumed.due("random:minilm")).containsExactly(RANDOM.cell(1e-3, 6), RANDOM.cell(1e-3, 7));

        resumed.record(Results.of(FPT.cell(1e-2, 5), 0.6, null));
        assertThat(resumed.due("minilm")).containsExactly(FPT.cell(3e-3, 7));
    }

    private void sweep(double first, double second, double third) {
        plan.record(Results.of(FPT.cell(1e-3, 5), first, null));
        plan.record(Results.of(FPT.cell(3e-3, 5), second, null));
        plan.record(Results.of(FPT.cell(1e-2, 5), third, null));
    }
}
