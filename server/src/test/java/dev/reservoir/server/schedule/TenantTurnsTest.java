// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import static dev.reservoir.server.schedule.SchedulerFixture.scheduler;
import static dev.reservoir.server.schedule.SchedulerFixture.served;
import static dev.reservoir.server.schedule.SchedulerFixture.trained;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.reservoir.server.schedule.SchedulerFixture.Item;
import dev.reservoir.server.schedule.SchedulerFixture.Step;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tenants take turns by what they used, served and trained together. */
class TenantTurnsTest {
    @Test
    void aFloodOfOneTenantDelaysAnotherByOneTurnOnly() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 500; i++) {
            scheduler.offerServing(List.of(new Item("flood", 50, i, i)));
        }
        scheduler.next(0, 0);
        scheduler.offerServing(List.of(new Item("small", 50, 1_000, 1_000)));
        assertThat(served(scheduler.next(1_000, 0))).contains(1_000);
    }

    @Test
    void aTenantThatComesBackDoesNotUseUpSavedTurns() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 400; i++) {
            scheduler.offerServing(List.of(new Item("steady", 50, i, i)));
        }
        for (int i = 0; i < 100; i++) {
            scheduler.next(i, 0);
        }
        for (int i = 0; i < 100; i++) {
            scheduler.offerServing(List.of(new Item("returning", 50, 1_000 + i, 1_000 + i)));
        }
        Map<String, Integer> tokens = new HashMap<>();
        for (int i = 0; i < 40; i++) {
            ((Decision.Serve<Item, Step>) scheduler.next(2_000, 0))
                    .items()
                    .forEach(item -> tokens.merge(item.tenant(), item.tokens(), Integer::sum));
        }
        assertThat(Math.abs(tokens.getOrDefault("steady", 0) - tokens.getOrDefault("returning", 0)))
                .isLessThanOrEqualTo(100);
    }

    @Test
    void servingAndTrainingOfATenantCountTogether() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 200; i++) {
            scheduler.offerTraining(new Step("both", "flow", 20, i, i));
            scheduler.offerServing(List.of(new Item("both", 20, i, i)));
            scheduler.offerServing(List.of(new Item("serving", 20, i, 1_000 + i)));
        }
        Map<String, Long> tokens = new HashMap<>();
        for (int i = 0; i < 60; i++) {
            Decision<Item, Step> decision = scheduler.next(i, 0);
            if (decision instanceof Decision.Serve<Item, Step> serve) {
                serve.items().forEach(item -> tokens.merge(item.tenant(), 20L, Long::sum));
            } else {
                for (Decision.Slice<Step> slice : trained(decision)) {
                    tokens.merge("both", 20L * slice.items().size(), Long::sum);
                }
                scheduler.finishedTraining(trained(decision));
            }
        }
        assertThat(tokens.get("both")).isCloseTo(tokens.get("serving"), withPercentage(10));
    }
}
