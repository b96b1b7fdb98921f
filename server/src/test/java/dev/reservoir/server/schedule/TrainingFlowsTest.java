// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import static dev.reservoir.server.schedule.SchedulerFixture.MILLI;
import static dev.reservoir.server.schedule.SchedulerFixture.policy;
import static dev.reservoir.server.schedule.SchedulerFixture.scheduler;
import static dev.reservoir.server.schedule.SchedulerFixture.tokens;
import static dev.reservoir.server.schedule.SchedulerFixture.trained;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.server.schedule.SchedulerFixture.Item;
import dev.reservoir.server.schedule.SchedulerFixture.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which examples of which flows a training batch takes. */
class TrainingFlowsTest {
    @Test
    void takesAStepWholeOnceItHasBegunAndNoOtherFlowBeyondTheBudget() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int flow = 0; flow < 3; flow++) {
            for (int i = 0; i < 6; i++) {
                scheduler.offerTraining(new Step("a", "flow " + flow, 30, i, i, 4));
            }
        }
        List<Decision.Slice<Step>> first = trained(scheduler.next(0, 0));
        assertThat(first).extracting(slice -> slice.items().size()).containsExactly(4);
        scheduler.finishedTraining(first);
        assertThat(trained(scheduler.next(0, 0)))
                .extracting(Decision.Slice::flow)
                .containsExactly("flow 1");
    }

    @Test
    void takesNoMoreOfAFlowThanASliceAllowsAndContinuesWithOthers() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int flow = 0; flow < 3; flow++) {
            for (int i = 0; i < 4; i++) {
                scheduler.offerTraining(new Step("a", "flow " + flow, 5, i, i, flow + 1));
            }
        }
        assertThat(trained(scheduler.next(0, 0)))
                .extracting(slice -> slice.items().size())
                .containsExactly(1, 2, 3);
    }

    @Test
    void aFlowRunsOneSliceAtATimeAndInOrder() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 6; i++) {
            scheduler.offerTraining(new Step("a", "flow", 10, i, i));
        }
        List<Decision.Slice<Step>> first = trained(scheduler.next(0, 0));
        assertThat(first).hasSize(1);
        assertThat(first.get(0).items()).extracting(Step::id).containsExactly(0, 1, 2, 3);
        assertThat(scheduler.next(0, 0)).isInstanceOf(Decision.Wait.class);
        scheduler.finishedTraining(first);
        assertThat(trained(scheduler.next(0, 0)).get(0).items())
                .extracting(Step::id)
                .containsExactly(4, 5);
    }

    @Test
    void flowsOfATenantTakeTurns() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 40; i++) {
            scheduler.offerTraining(new Step("a", "first", 25, i, i));
        }
        scheduler.offerTraining(new Step("a", "second", 25, 100, 100));
        scheduler.finishedTraining(trained(scheduler.next(0, 0)));
        assertThat(trained(scheduler.next(0, 0)))
                .extracting(Decision.Slice::flow)
                .contains("second");
    }

    @Test
    void leavesIdleLanesTheirShareOfWhatIsReady() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int flow = 0; flow < 3; flow++) {
            for (int i = 0; i < 8; i++) {
                scheduler.offerTraining(new Step("a", "flow " + flow, 5, i, i, 4));
            }
        }
        // 60 tokens are ready: 30 a lane, so that the first one begins a second step and takes it whole.
        assertThat(trained(scheduler.next(0, 1)))
                .extracting(Decision.Slice::flow)
                .containsExactly("flow 0", "flow 1");
        assertThat(trained(scheduler.next(0, 0)))
                .extracting(Decision.Slice::flow)
                .containsExactly("flow 2");
    }

    @Test
    void leavesNothingToIdleLanesThatMayNotTrainWhileServingGoesOn() {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(policy().trainingLanes(1).build());
        scheduler.offerServing(List.of(new Item("a", 1, 0, 0)));
        assertThat(scheduler.next(0, 0)).isInstanceOf(Decision.Serve.class);
        for (int flow = 0; flow < 2; flow++) {
            scheduler.offerTraining(new Step("a", "flow " + flow, 5, 1, flow));
        }
        assertThat(trained(scheduler.next(MILLI, 3))).hasSize(2);
    }

    @Test
    void trainingBatchesTakeAboutTheirStep() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 20; i++) {
            scheduler.offerTraining(new Step("a", "flow" + i, 10, i, i));
        }
        scheduler.measured(100, 50 * MILLI); // 0.5 ms a token: 20 tokens take 10 ms
        assertThat(tokens(trained(scheduler.next(0, 0)))).isEqualTo(20);
        scheduler.measured(100, 50 * MILLI);
        for (int i = 0; i < 40; i++) {
            scheduler.measured(100, MILLI);
        }
        assertThat(tokens(trained(scheduler.next(0, 0)))).isEqualTo(100);
    }

    @Test
    void droppedWorkNeverRuns() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 6; i++) {
            scheduler.offerTraining(new Step("a", "gone", 10, i, i));
        }
        List<Decision.Slice<Step>> running = trained(scheduler.next(0, 0));
        Scheduler.Dropped<Step> dropped = scheduler.drop("gone");
        assertThat(dropped.items()).extracting(Step::id).containsExactly(4, 5);
        assertThat(dropped.idle()).isFalse();
        assertThat(scheduler.drop("gone").idle()).isFalse();
        assertThat(scheduler.finishedTraining(running)).containsExactly("gone");
        assertThat(scheduler.next(0, 0)).isInstanceOf(Decision.Wait.class);
        assertThat(scheduler.queuedTraining()).isZero();
    }

    @Test
    void aDroppedFlowAcceptsNothingWhileItRuns() {
        Scheduler<Item, Step> scheduler = scheduler();
        Step step = new Step("a", "gone", 10, 0, 0);
        scheduler.offerTraining(step);
        List<Decision.Slice<Step>> running = trained(scheduler.next(0, 0));
        scheduler.drop("gone");
        assertThatThrownBy(() -> scheduler.offerTraining(step))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("flow: gone was dropped (expected: one that takes items)");
        scheduler.finishedTraining(running);
        scheduler.offerTraining(step);
        assertThat(scheduler.drop("gone")).isEqualTo(new Scheduler.Dropped<>(List.of(step), true));
    }

    @Test
    void refusalsBeforeAStepDoNotMakeItManySteps() {
        Scheduler<Item, Step> scheduler = scheduler();
        scheduler.offerTraining(refusal(0));
        for (int i = 1; i < 9; i++) {
            scheduler.offerTraining(new Step("a", "flow", 5, i, i, 2));
        }
        List<Decision.Slice<Step>> first = trained(scheduler.next(0, 0));
        assertThat(first.get(0).items()).extracting(Step::id).containsExactly(0, 1, 2);
        scheduler.finishedTraining(first);
        scheduler.offerTraining(refusal(9));
        assertThat(trained(scheduler.next(0, 0)).get(0).items())
                .extracting(Step::id)
                .containsExactly(3, 4);
    }

    @Test
    void refusalsInsideAStepRideAlongWithIt() {
        Scheduler<Item, Step> scheduler = scheduler();
        scheduler.offerTraining(new Step("a", "flow", 5, 0, 0, 2));
        scheduler.offerTraining(refusal(1));
        scheduler.offerTraining(new Step("a", "flow", 5, 2, 2, 2));
        scheduler.offerTraining(refusal(3));
        scheduler.offerTraining(new Step("a", "flow", 5, 4, 4, 2));
        assertThat(trained(scheduler.next(0, 0)).get(0).items())
                .extracting(Step::id)
                .containsExactly(0, 1, 2, 3);
    }

    private static Step refusal(int id) {
        return new Step("a", "flow", 0, id, id, 2, false);
    }
}
