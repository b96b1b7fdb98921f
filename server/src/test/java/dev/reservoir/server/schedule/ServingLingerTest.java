// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import static dev.reservoir.server.schedule.SchedulerFixture.MILLI;
import static dev.reservoir.server.schedule.SchedulerFixture.offer;
import static dev.reservoir.server.schedule.SchedulerFixture.policy;
import static dev.reservoir.server.schedule.SchedulerFixture.scheduler;
import static dev.reservoir.server.schedule.SchedulerFixture.served;
import static dev.reservoir.server.schedule.SchedulerFixture.trained;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.server.schedule.SchedulerFixture.Item;
import dev.reservoir.server.schedule.SchedulerFixture.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How long a scheduler waits after a batch for as many to come again. */
class ServingLingerTest {
    @Test
    void lingersAfterABatchUntilAsManyWaitAgain() {
        Scheduler<Item, Step> scheduler = scheduler();
        serveAndEnd(scheduler, 5, 0, 160 * MILLI);
        offer(scheduler, 4, 161 * MILLI);
        assertThat(scheduler.next(161 * MILLI, 0)).isEqualTo(new Decision.Wait<>(170 * MILLI));
        offer(scheduler, 1, 162 * MILLI);
        assertThat(served(scheduler.next(162 * MILLI, 0))).hasSize(5);
    }

    @Test
    void lingersForASixteenthOfTheBatchAtMost() {
        Scheduler<Item, Step> scheduler = scheduler();
        serveAndEnd(scheduler, 5, 0, 160 * MILLI);
        offer(scheduler, 1, 161 * MILLI);
        assertThat(scheduler.next(170 * MILLI - 1, 0)).isInstanceOf(Decision.Wait.class);
        assertThat(served(scheduler.next(170 * MILLI, 0))).hasSize(1);
    }

    @Test
    void followsABatchOfOneAtOnce() {
        Scheduler<Item, Step> scheduler = scheduler();
        serveAndEnd(scheduler, 1, 0, 160 * MILLI);
        offer(scheduler, 1, 160 * MILLI);
        assertThat(served(scheduler.next(160 * MILLI, 0))).hasSize(1);
    }

    @Test
    void doesNotLingerForMoreThanFitsInABatch() {
        Scheduler<Item, Step> scheduler = scheduler();
        serveAndEnd(scheduler, 7, 0, 160 * MILLI);
        scheduler.offerServing(List.of(new Item("a", 100, 161 * MILLI, 100)));
        assertThat(served(scheduler.next(161 * MILLI, 0))).containsExactly(100);
    }

    @Test
    void lingersOnceForEachBatch() {
        Scheduler<Item, Step> scheduler = scheduler();
        offer(scheduler, 4, 0);
        assertThat(served(scheduler.next(0, 0))).hasSize(4);
        offer(scheduler, 6, 0);
        assertThat(served(scheduler.next(0, 0))).hasSize(6);
        scheduler.finishedServing(4, 160 * MILLI, 160 * MILLI);
        scheduler.finishedServing(6, 161 * MILLI, 161 * MILLI);
        offer(scheduler, 3, 162 * MILLI);
        assertThat(scheduler.next(162 * MILLI, 0)).isEqualTo(new Decision.Wait<>(170 * MILLI));
        offer(scheduler, 1, 162 * MILLI);
        assertThat(served(scheduler.next(162 * MILLI, 0))).as("the four").hasSize(4);
        offer(scheduler, 5, 162 * MILLI);
        assertThat(scheduler.next(162 * MILLI, 0)).isEqualTo(new Decision.Wait<>(161 * MILLI + 161 * MILLI / 16));
        offer(scheduler, 1, 162 * MILLI);
        assertThat(served(scheduler.next(162 * MILLI, 0))).as("the six").hasSize(6);
        offer(scheduler, 1, 162 * MILLI);
        assertThat(served(scheduler.next(162 * MILLI, 0))).as("nobody else").hasSize(1);
    }

    @Test
    void doesNotLingerWhileHeadsTrain() {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(policy().trainingLanes(1).build());
        serveAndEnd(scheduler, 5, 0, 160 * MILLI);
        scheduler.offerTraining(new Step("b", "first", 100, 161 * MILLI, 1));
        scheduler.offerTraining(new Step("b", "second", 100, 161 * MILLI, 2));
        List<Decision.Slice<Step>> running = trained(scheduler.next(161 * MILLI, 0));
        offer(scheduler, 1, 161 * MILLI);
        assertThat(served(scheduler.next(161 * MILLI, 0)))
                .as("one waits, one runs")
                .hasSize(1);
        scheduler.finishedTraining(running);
        running = trained(scheduler.next(161 * MILLI, 0));
        scheduler.finishedServing(5, 160 * MILLI, 162 * MILLI);
        offer(scheduler, 1, 162 * MILLI);
        assertThat(served(scheduler.next(162 * MILLI, 0))).as("one runs").hasSize(1);
        scheduler.finishedTraining(running);
        scheduler.finishedServing(5, 160 * MILLI, 163 * MILLI);
        offer(scheduler, 1, 163 * MILLI);
        assertThat(scheduler.next(163 * MILLI, 0)).as("none").isEqualTo(new Decision.Wait<>(173 * MILLI));
        scheduler.offerTraining(new Step("b", "third", 100, 163 * MILLI, 3));
        assertThat(served(scheduler.next(163 * MILLI, 0))).as("one waits").hasSize(1);
    }

    @Test
    void forgetsARefillThatDidNotCome() {
        Scheduler<Item, Step> scheduler = scheduler();
        offer(scheduler, 3, 0);
        assertThat(served(scheduler.next(0, 0))).hasSize(3);
        offer(scheduler, 5, 0);
        assertThat(served(scheduler.next(0, 0))).hasSize(5);
        scheduler.finishedServing(3, 160 * MILLI, 160 * MILLI);
        scheduler.finishedServing(5, 320 * MILLI, 169 * MILLI);
        offer(scheduler, 3, 170 * MILLI);
        assertThat(scheduler.next(170 * MILLI, 0)).isEqualTo(new Decision.Wait<>(189 * MILLI));
    }

    /** Serves {@code count} items of one token that come at {@code nowNanos}, and ends them {@code nanos} later. */
    private static void serveAndEnd(Scheduler<Item, Step> scheduler, int count, long nowNanos, long nanos) {
        offer(scheduler, count, nowNanos);
        assertThat(served(scheduler.next(nowNanos, 0))).hasSize(count);
        scheduler.finishedServing(count, nanos, nowNanos + nanos);
    }
}
