// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import static dev.reservoir.server.schedule.SchedulerFixture.MILLI;
import static dev.reservoir.server.schedule.SchedulerFixture.policy;
import static dev.reservoir.server.schedule.SchedulerFixture.scheduler;
import static dev.reservoir.server.schedule.SchedulerFixture.served;
import static dev.reservoir.server.schedule.SchedulerFixture.tokens;
import static dev.reservoir.server.schedule.SchedulerFixture.trained;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.reservoir.server.schedule.SchedulerFixture.Item;
import dev.reservoir.server.schedule.SchedulerFixture.Step;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How serving and training share the lanes. */
class TrainingShareTest {
    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.25, 0.5, 0.75})
    void trainingKeepsItsShareWhileBothWait(double share) {
        Scheduler<Item, Step> scheduler = new Scheduler<>(
                policy().trainingShare(share).maxQueued(100_000, 100_000).build());
        for (int i = 0; i < 20_000; i++) {
            scheduler.offerServing(List.of(new Item("a", 10, i, i)));
            scheduler.offerTraining(new Step("b", "flow" + i % 7, 10, i, i));
        }
        long servedTokens = 0;
        long trainedTokens = 0;
        for (int i = 0; i < 1_000; i++) {
            Decision<Item, Step> decision = scheduler.next(i, 0);
            if (decision instanceof Decision.Serve<Item, Step> serve) {
                servedTokens += 10L * serve.items().size();
            } else {
                for (Decision.Slice<Step> slice : trained(decision)) {
                    trainedTokens += 10L * slice.items().size();
                }
                scheduler.finishedTraining(trained(decision));
            }
        }
        double seen = (double) trainedTokens / (trainedTokens + servedTokens);
        assertThat(seen).isCloseTo(share, offset(0.02));
    }

    @Test
    void trainingGetsEverythingWhenNothingIsServed() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 10; i++) {
            scheduler.offerTraining(new Step("a", "flow", 10, i, i));
        }
        assertThat(scheduler.next(0, 0)).isInstanceOf(Decision.Train.class);
    }

    @Test
    void aLaneStaysFreeOfTrainingWhileServingGoesOn() {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(policy().trainingLanes(1).build());
        for (int i = 0; i < 3; i++) {
            scheduler.offerTraining(new Step("a", "flow" + i, 100, i, i));
        }
        scheduler.offerServing(List.of(new Item("b", 10, 0, 0)));
        assertThat(served(scheduler.next(0, 0))).containsExactly(0);
        List<Decision.Slice<Step>> first = trained(scheduler.next(1, 0));
        assertThat(scheduler.next(2, 0)).isEqualTo(new Decision.Wait<>(1_000 * MILLI));
        scheduler.offerServing(List.of(new Item("b", 10, 3, 1)));
        assertThat(served(scheduler.next(3, 0))).containsExactly(1);
        scheduler.finishedTraining(first);
        assertThat(trained(scheduler.next(4, 0))).hasSize(1);
        assertThat(trained(scheduler.next(2_000 * MILLI, 0)))
                .as("serving has ceased")
                .hasSize(1);
    }

    @Test
    void theOtherLanesTrainTooWhileServingIsLightButNoLongSteps() {
        Scheduler<Item, Step> scheduler = new Scheduler<>(policy().trainingLanes(1)
                .lightServing(0.4)
                .stepNanos(20 * MILLI)
                .build());
        scheduler.measured(100, 100 * MILLI); // 1 ms a token: 20 tokens a batch
        scheduler.offerServing(List.of(new Item("b", 10, 0, 0)));
        assertThat(served(scheduler.next(0, 0))).containsExactly(0);
        scheduler.finishedServing(1, 600 * MILLI, 0);
        for (int i = 0; i < 2; i++) {
            scheduler.offerTraining(new Step("a", "whole", 10, i, i, 2));
        }
        assertThat(trained(scheduler.next(1, 0)))
                .extracting(Decision.Slice::flow)
                .containsExactly("whole");
        for (int i = 0; i < 2; i++) {
            scheduler.offerTraining(new Step("a", "long", 11, i, i, 2));
            scheduler.offerTraining(new Step("a", "short", 5, i, i, 2));
            scheduler.offerTraining(new Step("a", "other", 6, i, i, 2));
        }
        Decision.Wait<Item, Step> heavy = (Decision.Wait<Item, Step>) scheduler.next(2, 0);
        assertThat(heavy.untilNanos()).as("0.6 e^-t = 0.4").isCloseTo((long) (1e9 * Math.log(1.5)), offset(10L));
        long light = heavy.untilNanos() + 1;
        List<Decision.Slice<Step>> ended = trained(scheduler.next(light, 0));
        assertThat(ended).extracting(Decision.Slice::flow).containsExactly("short");
        scheduler.offerServing(List.of(new Item("b", 10, light, 1)));
        scheduler.finishedTraining(ended);
        assertThat(served(scheduler.next(light, 0))).containsExactly(1);
        assertThat(trained(scheduler.next(light, 0)))
                .extracting(Decision.Slice::flow)
                .containsExactly("other");
        assertThat(scheduler.next(light, 0)).as("too long").isEqualTo(new Decision.Wait<>(light + 1_000 * MILLI));
        assertThat(trained(scheduler.next(light + 1_000 * MILLI, 0)))
                .as("serving has ceased")
                .extracting(Decision.Slice::flow)
                .containsExactly("long");
    }

    @Test
    void aLaneThatPausesServesWhatIsThereAtOnce() {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(policy().delayNanos(5 * MILLI).trainingLanes(1).build());
        scheduler.offerTraining(new Step("a", "flow", 100, 0, 0));
        trained(scheduler.next(0, 0));
        assertThat(scheduler.between(1).items()).isEmpty();
        scheduler.offerServing(List.of(new Item("b", 10, 2, 7)));
        assertThat(scheduler.between(3).items()).extracting(Item::id).containsExactly(7);
        assertThat(scheduler.between(4).items()).isEmpty();
    }

    @Test
    void pausesLeaveTrainingItsShare() {
        Scheduler<Item, Step> scheduler = new Scheduler<>(
                policy().trainingLanes(1).maxQueued(100_000, 100_000).build());
        for (int i = 0; i < 20_000; i++) {
            scheduler.offerServing(List.of(new Item("a", 10, i, i)));
            scheduler.offerTraining(new Step("b", "flow" + i % 7, 10, i, i));
        }
        long servedTokens = 0;
        long trainedTokens = 0;
        for (int i = 0; i < 200; i++) {
            if (scheduler.next(i, 0) instanceof Decision.Train<Item, Step> train) {
                for (int pause = 0; pause < 12; pause++) {
                    servedTokens += 10L * scheduler.between(i).items().size();
                }
                trainedTokens += tokens(train.slices());
                scheduler.finishedTraining(train.slices());
            } else {
                servedTokens += 80;
            }
        }
        double seen = (double) trainedTokens / (trainedTokens + servedTokens);
        assertThat(seen).isCloseTo(0.25, offset(0.02));
    }
}
