package dev.reservoir.server.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulerTest {
    private static final long MILLI = 1_000_000;

    private record Item(String tenant, int tokens, long arrivalNanos, int id) implements Work {}

    private record Step(String tenant, Object flow, int tokens, long arrivalNanos, int id, int stepItems)
            implements OrderedWork {
        Step(String tenant, Object flow, int tokens, long arrivalNanos, int id) {
            this(tenant, flow, tokens, arrivalNanos, id, 0);
        }
    }

    private static BatchPolicy policy() {
        return new BatchPolicy(100, 8, 0, 0.25, 4, 99, 10 * MILLI, 1_000 * MILLI, 1_000, 600);
    }

    private static Scheduler<Item, Step> scheduler() {
        return new Scheduler<>(policy());
    }

    private static List<Integer> served(Decision<Item, Step> decision) {
        return ((Decision.Serve<Item, Step>) decision)
                .items().stream().map(Item::id).toList();
    }

    private static List<Decision.Slice<Step>> trained(Decision<Item, Step> decision) {
        return ((Decision.Train<Item, Step>) decision).slices();
    }

    @Test
    void servesInOrderOfArrivalUpToTheTokenBudget() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 5; i++) {
            scheduler.offerServing(new Item("a", 40, i, i));
        }
        assertThat(served(scheduler.next(10))).containsExactly(0, 1);
        assertThat(served(scheduler.next(10))).containsExactly(2, 3);
        assertThat(served(scheduler.next(10))).containsExactly(4);
        assertThat(scheduler.next(10)).isEqualTo(new Decision.Wait<>(Long.MAX_VALUE));
    }

    @Test
    void takesAStepWholeOnceItHasBegunAndNoOtherFlowBeyondTheBudget() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int flow = 0; flow < 3; flow++) {
            for (int i = 0; i < 6; i++) {
                scheduler.offerTraining(new Step("a", "flow " + flow, 30, i, i, 4));
            }
        }
        List<Decision.Slice<Step>> first = trained(scheduler.next(0));
        assertThat(first).extracting(slice -> slice.items().size()).containsExactly(4);
        scheduler.finishedTraining(first);
        assertThat(trained(scheduler.next(0))).extracting(Decision.Slice::flow).containsExactly("flow 1");
    }

    @Test
    void takesNoMoreOfAFlowThanItsItemsWantInASliceAndGoesOnToOthers() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int flow = 0; flow < 3; flow++) {
            for (int i = 0; i < 4; i++) {
                scheduler.offerTraining(new Step("a", "flow " + flow, 5, i, i, flow + 1));
            }
        }
        assertThat(trained(scheduler.next(0)))
                .extracting(slice -> slice.items().size())
                .containsExactly(1, 2, 3);
    }

    @Test
    void servesAnItemLargerThanTheBudgetAlone() {
        Scheduler<Item, Step> scheduler = scheduler();
        scheduler.offerServing(new Item("a", 500, 0, 0));
        scheduler.offerServing(new Item("a", 1, 0, 1));
        assertThat(served(scheduler.next(0))).containsExactly(0);
        assertThat(served(scheduler.next(0))).containsExactly(1);
    }

    @Test
    void boundsItemsThatCostNoTokens() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 9; i++) {
            scheduler.offerServing(new Item("a", 0, i, i));
        }
        assertThat(served(scheduler.next(0))).hasSize(8);
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
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(new BatchPolicy(100, 8, 5 * MILLI, 0.25, 4, 99, 10 * MILLI, 1_000 * MILLI, 1_000, 600));
        scheduler.offerServing(new Item("a", 10, MILLI, 0));
        assertThat(scheduler.next(2 * MILLI)).isEqualTo(new Decision.Wait<>(6 * MILLI));
        scheduler.offerServing(new Item("a", 10, 3 * MILLI, 1));
        assertThat(served(scheduler.next(6 * MILLI))).containsExactly(0, 1);
    }

    @Test
    void doesNotWaitOnceTheBatchIsFull() {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(new BatchPolicy(100, 8, 5 * MILLI, 0.25, 4, 99, 10 * MILLI, 1_000 * MILLI, 1_000, 600));
        scheduler.offerServing(new Item("a", 60, 0, 0));
        scheduler.offerServing(new Item("a", 60, 0, 1));
        assertThat(served(scheduler.next(0))).containsExactly(0);
    }

    /** Serves {@code count} items of one token that come at {@code nowNanos}, and ends them {@code nanos} later. */
    private static void serveAndEnd(Scheduler<Item, Step> scheduler, int count, long nowNanos, long nanos) {
        offer(scheduler, count, nowNanos);
        assertThat(served(scheduler.next(nowNanos))).hasSize(count);
        scheduler.finishedServing(count, nanos, nowNanos + nanos);
    }

    private static void offer(Scheduler<Item, Step> scheduler, int count, long nowNanos) {
        for (int i = 0; i < count; i++) {
            scheduler.offerServing(new Item("a", 1, nowNanos, i));
        }
    }

    @Test
    void lingersAfterABatchUntilAsManyWaitAgain() {
        Scheduler<Item, Step> scheduler = scheduler();
        serveAndEnd(scheduler, 5, 0, 160 * MILLI);
        offer(scheduler, 4, 161 * MILLI);
        assertThat(scheduler.next(161 * MILLI)).isEqualTo(new Decision.Wait<>(170 * MILLI));
        offer(scheduler, 1, 162 * MILLI);
        assertThat(served(scheduler.next(162 * MILLI))).hasSize(5);
    }

    @Test
    void lingersForASixteenthOfTheBatchAtMost() {
        Scheduler<Item, Step> scheduler = scheduler();
        serveAndEnd(scheduler, 5, 0, 160 * MILLI);
        offer(scheduler, 1, 161 * MILLI);
        assertThat(scheduler.next(170 * MILLI - 1)).isInstanceOf(Decision.Wait.class);
        assertThat(served(scheduler.next(170 * MILLI))).hasSize(1);
    }

    @Test
    void followsABatchOfOneAtOnce() {
        Scheduler<Item, Step> scheduler = scheduler();
        serveAndEnd(scheduler, 1, 0, 160 * MILLI);
        offer(scheduler, 1, 160 * MILLI);
        assertThat(served(scheduler.next(160 * MILLI))).hasSize(1);
    }

    @Test
    void doesNotLingerForMoreThanABatchHolds() {
        Scheduler<Item, Step> scheduler = scheduler();
        serveAndEnd(scheduler, 7, 0, 160 * MILLI);
        scheduler.offerServing(new Item("a", 100, 161 * MILLI, 100));
        assertThat(served(scheduler.next(161 * MILLI))).containsExactly(100);
    }

    @Test
    void lingersOnceForEachBatch() {
        Scheduler<Item, Step> scheduler = scheduler();
        offer(scheduler, 4, 0);
        assertThat(served(scheduler.next(0))).hasSize(4);
        offer(scheduler, 6, 0);
        assertThat(served(scheduler.next(0))).hasSize(6);
        scheduler.finishedServing(4, 160 * MILLI, 160 * MILLI);
        scheduler.finishedServing(6, 161 * MILLI, 161 * MILLI);
        offer(scheduler, 3, 162 * MILLI);
        assertThat(scheduler.next(162 * MILLI)).isEqualTo(new Decision.Wait<>(170 * MILLI));
        offer(scheduler, 1, 162 * MILLI);
        assertThat(served(scheduler.next(162 * MILLI))).as("the four").hasSize(4);
        offer(scheduler, 5, 162 * MILLI);
        assertThat(scheduler.next(162 * MILLI)).isEqualTo(new Decision.Wait<>(161 * MILLI + 161 * MILLI / 16));
        offer(scheduler, 1, 162 * MILLI);
        assertThat(served(scheduler.next(162 * MILLI))).as("the six").hasSize(6);
        offer(scheduler, 1, 162 * MILLI);
        assertThat(served(scheduler.next(162 * MILLI))).as("nobody else").hasSize(1);
    }

    @Test
    void doesNotLingerWhileHeadsTrain() {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(new BatchPolicy(100, 8, 0, 0.25, 4, 1, 10 * MILLI, 1_000 * MILLI, 1_000, 600));
        serveAndEnd(scheduler, 5, 0, 160 * MILLI);
        scheduler.offerTraining(new Step("b", "first", 100, 161 * MILLI, 1));
        scheduler.offerTraining(new Step("b", "second", 100, 161 * MILLI, 2));
        List<Decision.Slice<Step>> running = trained(scheduler.next(161 * MILLI));
        offer(scheduler, 1, 161 * MILLI);
        assertThat(served(scheduler.next(161 * MILLI)))
                .as("one waits, one runs")
                .hasSize(1);
        scheduler.finishedTraining(running);
        running = trained(scheduler.next(161 * MILLI));
        scheduler.finishedServing(5, 160 * MILLI, 162 * MILLI);
        offer(scheduler, 1, 162 * MILLI);
        assertThat(served(scheduler.next(162 * MILLI))).as("one runs").hasSize(1);
        scheduler.finishedTraining(running);
        scheduler.finishedServing(5, 160 * MILLI, 163 * MILLI);
        offer(scheduler, 1, 163 * MILLI);
        assertThat(scheduler.next(163 * MILLI)).as("none").isEqualTo(new Decision.Wait<>(173 * MILLI));
        scheduler.offerTraining(new Step("b", "third", 100, 163 * MILLI, 3));
        assertThat(served(scheduler.next(163 * MILLI))).as("one waits").hasSize(1);
    }

    @Test
    void forgetsARefillThatDidNotCome() {
        Scheduler<Item, Step> scheduler = scheduler();
        offer(scheduler, 3, 0);
        assertThat(served(scheduler.next(0))).hasSize(3);
        offer(scheduler, 5, 0);
        assertThat(served(scheduler.next(0))).hasSize(5);
        scheduler.finishedServing(3, 160 * MILLI, 160 * MILLI);
        scheduler.finishedServing(5, 320 * MILLI, 169 * MILLI);
        offer(scheduler, 3, 170 * MILLI);
        assertThat(scheduler.next(170 * MILLI)).isEqualTo(new Decision.Wait<>(189 * MILLI));
    }

    @Test
    void aFloodOfOneTenantDelaysAnotherByOneTurnOnly() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 500; i++) {
            scheduler.offerServing(new Item("flood", 50, i, i));
        }
        scheduler.next(0);
        scheduler.offerServing(new Item("small", 50, 1_000, 1_000));
        assertThat(served(scheduler.next(1_000))).contains(1_000);
    }

    @Test
    void aTenantThatComesBackDoesNotUseUpSavedTurns() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 400; i++) {
            scheduler.offerServing(new Item("steady", 50, i, i));
        }
        for (int i = 0; i < 100; i++) {
            scheduler.next(i);
        }
        for (int i = 0; i < 100; i++) {
            scheduler.offerServing(new Item("returning", 50, 1_000 + i, 1_000 + i));
        }
        Map<String, Integer> tokens = new HashMap<>();
        for (int i = 0; i < 40; i++) {
            ((Decision.Serve<Item, Step>) scheduler.next(2_000))
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
            scheduler.offerServing(new Item("both", 20, i, i));
            scheduler.offerServing(new Item("serving", 20, i, 1_000 + i));
        }
        Map<String, Long> tokens = new HashMap<>();
        for (int i = 0; i < 60; i++) {
            Decision<Item, Step> decision = scheduler.next(i);
            if (decision instanceof Decision.Serve<Item, Step> serve) {
                serve.items().forEach(item -> tokens.merge(item.tenant(), 20L, Long::sum));
            } else {
                for (Decision.Slice<Step> slice : trained(decision)) {
                    tokens.merge("both", 20L * slice.items().size(), Long::sum);
                }
                scheduler.finishedTraining(trained(decision));
            }
        }
        assertThat(tokens.get("both"))
                .isCloseTo(tokens.get("serving"), org.assertj.core.data.Percentage.withPercentage(10));
    }

    @Test
    void aFlowRunsOneSliceAtATimeAndInOrder() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 6; i++) {
            scheduler.offerTraining(new Step("a", "flow", 10, i, i));
        }
        List<Decision.Slice<Step>> first = trained(scheduler.next(0));
        assertThat(first).hasSize(1);
        assertThat(first.get(0).items()).extracting(Step::id).containsExactly(0, 1, 2, 3);
        assertThat(scheduler.next(0)).isInstanceOf(Decision.Wait.class);
        scheduler.finishedTraining(first);
        assertThat(trained(scheduler.next(0)).get(0).items())
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
        scheduler.finishedTraining(trained(scheduler.next(0)));
        assertThat(trained(scheduler.next(0))).extracting(Decision.Slice::flow).contains("second");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.25, 0.5, 0.75})
    void trainingKeepsItsShareWhileBothWait(double share) {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(new BatchPolicy(100, 8, 0, share, 4, 99, 10 * MILLI, 1_000 * MILLI, 100_000, 100_000));
        for (int i = 0; i < 20_000; i++) {
            scheduler.offerServing(new Item("a", 10, i, i));
            scheduler.offerTraining(new Step("b", "flow" + i % 7, 10, i, i));
        }
        long servedTokens = 0;
        long trainedTokens = 0;
        for (int i = 0; i < 1_000; i++) {
            Decision<Item, Step> decision = scheduler.next(i);
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
        assertThat(seen).isCloseTo(share, org.assertj.core.data.Offset.offset(0.02));
    }

    @Test
    void trainingTakesAllWhenNobodyIsServed() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 10; i++) {
            scheduler.offerTraining(new Step("a", "flow", 10, i, i));
        }
        assertThat(scheduler.next(0)).isInstanceOf(Decision.Train.class);
    }

    @Test
    void trainingBatchesTakeAboutTheirStep() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 20; i++) {
            scheduler.offerTraining(new Step("a", "flow" + i, 10, i, i));
        }
        scheduler.measured(100, 50 * MILLI); // 0.5 ms a token: 20 tokens take 10 ms
        assertThat(tokens(trained(scheduler.next(0)))).isEqualTo(20);
        scheduler.measured(100, 50 * MILLI);
        for (int i = 0; i < 40; i++) {
            scheduler.measured(100, MILLI);
        }
        assertThat(tokens(trained(scheduler.next(0)))).isEqualTo(100);
    }

    @Test
    void aLaneStaysFreeOfTrainingWhileServingGoesOn() {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(new BatchPolicy(100, 8, 0, 0.25, 4, 1, 10 * MILLI, 1_000 * MILLI, 1_000, 600));
        for (int i = 0; i < 3; i++) {
            scheduler.offerTraining(new Step("a", "flow" + i, 100, i, i));
        }
        scheduler.offerServing(new Item("b", 10, 0, 0));
        assertThat(served(scheduler.next(0))).containsExactly(0);
        List<Decision.Slice<Step>> first = trained(scheduler.next(1));
        assertThat(scheduler.next(2)).isEqualTo(new Decision.Wait<>(1_000 * MILLI));
        scheduler.offerServing(new Item("b", 10, 3, 1));
        assertThat(served(scheduler.next(3))).containsExactly(1);
        scheduler.finishedTraining(first);
        assertThat(trained(scheduler.next(4))).hasSize(1);
        assertThat(trained(scheduler.next(2_000 * MILLI)))
                .as("serving has ceased")
                .hasSize(1);
    }

    @Test
    void aLaneThatPausesServesWhatIsThereAtOnce() {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(new BatchPolicy(100, 8, 5 * MILLI, 0.25, 4, 1, 10 * MILLI, 1_000 * MILLI, 1_000, 600));
        scheduler.offerTraining(new Step("a", "flow", 100, 0, 0));
        trained(scheduler.next(0));
        assertThat(scheduler.between(1)).isEmpty();
        scheduler.offerServing(new Item("b", 10, 2, 7));
        assertThat(scheduler.between(3)).extracting(Item::id).containsExactly(7);
        assertThat(scheduler.between(4)).isEmpty();
    }

    @Test
    void pausesLeaveTrainingItsShare() {
        Scheduler<Item, Step> scheduler =
                new Scheduler<>(new BatchPolicy(100, 8, 0, 0.25, 4, 1, 10 * MILLI, 1_000 * MILLI, 100_000, 100_000));
        for (int i = 0; i < 20_000; i++) {
            scheduler.offerServing(new Item("a", 10, i, i));
            scheduler.offerTraining(new Step("b", "flow" + i % 7, 10, i, i));
        }
        long servedTokens = 0;
        long trainedTokens = 0;
        for (int i = 0; i < 200; i++) {
            if (scheduler.next(i) instanceof Decision.Train<Item, Step> train) {
                for (int pause = 0; pause < 12; pause++) {
                    servedTokens += 10L * scheduler.between(i).size();
                }
                trainedTokens += tokens(train.slices());
                scheduler.finishedTraining(train.slices());
            } else {
                servedTokens += 80;
            }
        }
        double seen = (double) trainedTokens / (trainedTokens + servedTokens);
        assertThat(seen).isCloseTo(0.25, org.assertj.core.data.Offset.offset(0.02));
    }

    private static int tokens(List<Decision.Slice<Step>> slices) {
        return slices.stream()
                .flatMap(slice -> slice.items().stream())
                .mapToInt(Step::tokens)
                .sum();
    }

    @Test
    void droppedWorkNeverRuns() {
        Scheduler<Item, Step> scheduler = scheduler();
        for (int i = 0; i < 6; i++) {
            scheduler.offerTraining(new Step("a", "gone", 10, i, i));
        }
        List<Decision.Slice<Step>> running = trained(scheduler.next(0));
        assertThat(scheduler.busy("gone")).isTrue();
        assertThat(scheduler.drop("gone")).extracting(Step::id).containsExactly(4, 5);
        scheduler.finishedTraining(running);
        assertThat(scheduler.busy("gone")).isFalse();
        assertThat(scheduler.next(0)).isInstanceOf(Decision.Wait.class);
        assertThat(scheduler.queuedTraining()).isZero();
    }

    /** Random histories: everything that is offered leaves exactly once, flows in order and never beside themselves. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void everythingLeavesOnceAndFlowsStayInOrder(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Scheduler<Item, Step> scheduler = scheduler();
        Set<Integer> waitingItems = new HashSet<>();
        Map<Object, List<Integer>> waitingSteps = new HashMap<>();
        List<List<Decision.Slice<Step>>> running = new ArrayList<>();
        Set<Object> busy = new HashSet<>();
        for (int i = 0; i < 20_000; i++) {
            int choice = random.nextInt(10);
            if (choice < 3) {
                Item item = new Item("t" + random.nextInt(5), random.nextInt(120), i, i);
                if (scheduler.offerServing(item)) {
                    waitingItems.add(i);
                }
            } else if (choice < 6) {
                int flow = random.nextInt(12);
                scheduler.offerTraining(new Step("t" + flow % 5, "f" + flow, random.nextInt(60), i, i));
                waitingSteps
                        .computeIfAbsent("f" + flow, unused -> new ArrayList<>())
                        .add(i);
            } else if (choice < 7 && !running.isEmpty()) {
                List<Decision.Slice<Step>> ended = running.remove(random.nextInt(running.size()));
                ended.forEach(slice -> busy.remove(slice.flow()));
                scheduler.finishedTraining(ended);
            } else if (choice < 8 && random.nextInt(50) == 0) {
                Object flow = "f" + random.nextInt(12);
                List<Integer> dropped =
                        scheduler.drop(flow).stream().map(Step::id).toList();
                List<Integer> expected = waitingSteps.remove(flow);
                assertThat(dropped).isEqualTo(expected == null ? List.of() : expected);
            } else {
                Decision<Item, Step> decision = scheduler.next(i);
                if (decision instanceof Decision.Serve<Item, Step> serve) {
                    serve.items()
                            .forEach(item ->
                                    assertThat(waitingItems.remove(item.id())).isTrue());
                } else if (decision instanceof Decision.Train<Item, Step> train) {
                    running.add(train.slices());
                    for (Decision.Slice<Step> slice : train.slices()) {
                        assertThat(busy.add(slice.flow())).isTrue();
                        List<Integer> waiting = waitingSteps.getOrDefault(slice.flow(), List.of());
                        List<Integer> taken =
                                slice.items().stream().map(Step::id).toList();
                        assertThat(waiting.subList(0, taken.size())).isEqualTo(taken);
                        waiting.subList(0, taken.size()).clear();
                    }
                }
            }
            assertThat(scheduler.queuedServing()).isEqualTo(waitingItems.size());
            assertThat(scheduler.queuedTraining())
                    .isEqualTo(
                            waitingSteps.values().stream().mapToInt(List::size).sum());
        }
    }
}
