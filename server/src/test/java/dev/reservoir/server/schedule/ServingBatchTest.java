// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import static dev.reservoir.server.schedule.SchedulerFixture.MILLI;
import static dev.reservoir.server.schedule.SchedulerFixture.policy;
import static dev.reservoir.server.schedule.SchedulerFixture.scheduler;
import static dev.reservoir.server.schedule.SchedulerFixture.served;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.server.schedule.SchedulerFixture.Item;
import dev.reservoir.server.schedule.SchedulerFixture.Step;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which items a serving batch takes, and when it is formed. */
class ServingBatchTest {
    @Test
    void servesInOrderOfArrivalUpToTheTokenBudget() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 5; i++) {
            scheduler.offerServing(List.of(new Item("a", 40, i, i)));
        }
        assertThat(served(scheduler.next(10, 0))).containsExactly(0, 1);
        assertThat(served(scheduler.next(10, 0))).containsExactly(2, 3);
        assertThat(served(scheduler.next(10, 0))).containsExactly(4);
        assertThat(scheduler.next(10, 0)).isEqualTo(new Decision.Wait<>(Long.MAX_VALUE));
    }

    @Test
    void servesAnItemLargerThanTheBudgetAlone() {
        Scheduler<Item, Step> scheduler = scheduler();
        scheduler.offerServing(List.of(new Item("a", 500, 0, 0)));
        scheduler.offerServing(List.of(new Item("a", 1, 0, 1)));
        assertThat(served(scheduler.next(0, 0))).containsExactly(0);
        assertThat(served(scheduler.next(0, 0))).containsExactly(1);
    }

    @Test
    void boundsItemsThatCostNoTokens() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 9; i++) {
            scheduler.offerServing(List.of(new Item("a", 0, i, i)));
        }
        assertThat(served(scheduler.next(0, 0))).hasSize(8);
    }

    @Test
    void refusesBeyondTheTenantsPartAndBeyondTheWhole() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 600; i++) {
            assertThat(scheduler.offerServing(List.of(new Item("a", 1, i, i)))).isTrue();
        }
        assertThat(scheduler.offerServing(List.of(new Item("a", 1, 0, 0)))).isFalse();
        for (int i = 0; i < 400; i++) {
            assertThat(scheduler.offerServing(List.of(new Item("b", 1, i, i)))).isTrue();
        }
        assertThat(scheduler.offerServing(List.of(new Item("c", 1, 0, 0)))).isFalse();
    }

    @Test
    void waitsForCompanyUntilTheDelayIsOver() {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(policy().delayNanos(5 * MILLI).build());
        scheduler.offerServing(List.of(new Item("a", 10, MILLI, 0)));
        assertThat(scheduler.next(2 * MILLI, 0)).isEqualTo(new Decision.Wait<>(6 * MILLI));
        scheduler.offerServing(List.of(new Item("a", 10, 3 * MILLI, 1)));
        assertThat(served(scheduler.next(6 * MILLI, 0))).containsExactly(0, 1);
    }

    @Test
    void doesNotWaitOnceTheBatchIsFull() {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(policy().delayNanos(5 * MILLI).build());
        scheduler.offerServing(List.of(new Item("a", 60, 0, 0)));
        scheduler.offerServing(List.of(new Item("a", 60, 0, 1)));
        assertThat(served(scheduler.next(0, 0))).containsExactly(0);
    }

    @Test
    void itemsThatNobodyWaitsForFillNoBatchAndCostNothing() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 20; i++) {
            scheduler.offerServing(List.of(new Item("a", 60, 0, i, i % 2 == 0 ? 5 : Long.MAX_VALUE)));
        }
        scheduler.offerServing(List.of(new Item("b", 1, 0, 100)));
        Decision.Serve<Item, Step> serve = (Decision.Serve<Item, Step>) scheduler.next(5, 0);
        assertThat(serve.items()).extracting(Item::id).containsExactly(1, 100);
        assertThat(serve.abandoned()).extracting(Item::id).containsExactly(0, 2);
        serve = (Decision.Serve<Item, Step>) scheduler.next(6, 0);
        assertThat(serve.items()).extracting(Item::id).containsExactly(3);
        assertThat(serve.abandoned()).extracting(Item::id).containsExactly(4);
        assertThat(scheduler.queuedServing()).isEqualTo(15);
    }

    @Test
    void aTenantIsNotChargedForAbandonedItems() {
        Scheduler<Item, Step> scheduler = scheduler();
        scheduler.offerServing(List.of(new Item("gone", 100, 0, 0, 1)));
        scheduler.offerServing(List.of(new Item("other", 100, 0, 1)));
        scheduler.offerServing(List.of(new Item("other", 100, 0, 2)));
        scheduler.offerServing(List.of(new Item("gone", 100, 0, 3)));
        assertThat(served(scheduler.next(1, 0))).containsExactly(3);
        assertThat(served(scheduler.next(1, 0))).containsExactly(1);
    }

    @Test
    void aBatchThatNobodyWaitsForContainsOnlyTheAbandonedItems() {
        Scheduler<Item, Step> scheduler = scheduler();
        scheduler.offerServing(List.of(new Item("a", 10, 0, 0, 1)));
        assertThat(scheduler.next(1, 0))
                .isEqualTo(new Decision.Serve<>(List.of(), List.of(new Item("a", 10, 0, 0, 1))));
        assertThat(scheduler.next(1, 0)).isEqualTo(new Decision.Wait<>(Long.MAX_VALUE));
    }

    @Test
    void acceptsAllItemsOfARequestOrNone() {
        Scheduler<Item, Step> scheduler = scheduler();
        List<Item> many = new ArrayList<>();
        for (int i = 0; i < 599; i++) {
            many.add(new Item("a", 1, 0, i));
        }
        assertThat(scheduler.offerServing(many)).isTrue();
        assertThat(scheduler.offerServing(many.subList(0, 2))).isFalse();
        assertThat(scheduler.queuedServing()).isEqualTo(599);
        assertThat(scheduler.offerServing(many.subList(0, 1))).isTrue();
        assertThat(scheduler.offerServing(List.of())).isTrue();
    }
}
