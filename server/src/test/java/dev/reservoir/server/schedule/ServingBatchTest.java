package dev.reservoir.server.schedule;

import static dev.reservoir.server.schedule.SchedulerFixture.MILLI;
import static dev.reservoir.server.schedule.SchedulerFixture.scheduler;
import static dev.reservoir.server.schedule.SchedulerFixture.served;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.server.schedule.SchedulerFixture.Item;
import dev.reservoir.server.schedule.SchedulerFixture.Step;
import org.junit.jupiter.api.Test;

/** Which items a serving batch takes, and when it is cut. */
class ServingBatchTest {
    @Test
    void servesInOrderOfArrivalUpToTheTokenBudget() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 5; i++) {
            scheduler.offerServing(new Item("a", 40, i, i));
        }
        assertThat(served(scheduler.next(10, 0))).containsExactly(0, 1);
        assertThat(served(scheduler.next(10, 0))).containsExactly(2, 3);
        assertThat(served(scheduler.next(10, 0))).containsExactly(4);
        assertThat(scheduler.next(10, 0)).isEqualTo(new Decision.Wait<>(Long.MAX_VALUE));
    }

    @Test
    void servesAnItemLargerThanTheBudgetAlone() {
        Scheduler<Item, Step> scheduler = scheduler();
        scheduler.offerServing(new Item("a", 500, 0, 0));
        scheduler.offerServing(new Item("a", 1, 0, 1));
        assertThat(served(scheduler.next(0, 0))).containsExactly(0);
        assertThat(served(scheduler.next(0, 0))).containsExactly(1);
    }

    @Test
    void boundsItemsThatCostNoTokens() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 9; i++) {
            scheduler.offerServing(new Item("a", 0, i, i));
        }
        assertThat(served(scheduler.next(0, 0))).hasSize(8);
    }

    @Test
    void refusesBeyondTheTenantsPartAndBeyondTheWhole() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 600; i++) {
            assertThat(scheduler.offerServing(new Item("a", 1, i, i))).isTrue();
        }
        assertThat(scheduler.offerServing(new Item("a", 1, 0, 0))).isFalse();
        for (int i = 0; i < 400; i++) {
            assertThat(scheduler.offerServing(new Item("b", 1, i, i))).isTrue();
        }
        assertThat(scheduler.offerServing(new Item("c", 1, 0, 0))).isFalse();
    }

    @Test
    void waitsForCompanyUntilTheDelayIsOver() {
        Scheduler<Item, Step> scheduler = new Scheduler<>(
                new BatchPolicy(100, 8, 5 * MILLI, 0.25, 4, 99, 0, 10 * MILLI, 1_000 * MILLI, 1_000, 600));
        scheduler.offerServing(new Item("a", 10, MILLI, 0));
        assertThat(scheduler.next(2 * MILLI, 0)).isEqualTo(new Decision.Wait<>(6 * MILLI));
        scheduler.offerServing(new Item("a", 10, 3 * MILLI, 1));
        assertThat(served(scheduler.next(6 * MILLI, 0))).containsExactly(0, 1);
    }

    @Test
    void doesNotWaitOnceTheBatchIsFull() {
        Scheduler<Item, Step> scheduler = new Scheduler<>(
                new BatchPolicy(100, 8, 5 * MILLI, 0.25, 4, 99, 0, 10 * MILLI, 1_000 * MILLI, 1_000, 600));
        scheduler.offerServing(new Item("a", 60, 0, 0));
        scheduler.offerServing(new Item("a", 60, 0, 1));
        assertThat(served(scheduler.next(0, 0))).containsExactly(0);
    }
}
