package dev.reservoir.server.schedule;

import static dev.reservoir.server.schedule.SchedulerFixture.MILLI;
import static dev.reservoir.server.schedule.SchedulerFixture.scheduler;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.server.schedule.SchedulerFixture.Item;
import dev.reservoir.server.schedule.SchedulerFixture.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulerHistoriesTest {
    /** Random histories: everything that is offered leaves exactly once, flows in order and never beside themselves. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void everythingLeavesOnceAndFlowsStayInOrder(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Scheduler<Item, Step> scheduler = seed % 2 == 0
                ? scheduler()
                : new Scheduler<>(new BatchPolicy(100, 8, 0, 0.25, 4, 1, 0.4, 10 * MILLI, 1_000 * MILLI, 1_000, 600));
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
                Decision<Item, Step> decision = scheduler.next(i * MILLI, 0);
                if (decision instanceof Decision.Serve<Item, Step> serve) {
                    scheduler.finishedServing(serve.items().size(), random.nextLong(1_000 * MILLI), i * MILLI);
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
