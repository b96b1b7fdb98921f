package dev.reservoir.server.schedule;

import java.util.List;

/** Work of tenants, a scheduler that takes it, and what its decisions hold. */
final class SchedulerFixture {
    static final long MILLI = 1_000_000;

    record Item(String tenant, int tokens, long arrivalNanos, int id) implements Work {}

    record Step(String tenant, Object flow, int tokens, long arrivalNanos, int id, int stepItems)
            implements OrderedWork {
        Step(String tenant, Object flow, int tokens, long arrivalNanos, int id) {
            this(tenant, flow, tokens, arrivalNanos, id, 0);
        }
    }

    private SchedulerFixture() {}

    private static BatchPolicy policy() {
        return new BatchPolicy(100, 8, 0, 0.25, 4, 99, 0, 10 * MILLI, 1_000 * MILLI, 1_000, 600);
    }

    static Scheduler<Item, Step> scheduler() {
        return new Scheduler<>(policy());
    }

    static List<Integer> served(Decision<Item, Step> decision) {
        return ((Decision.Serve<Item, Step>) decision)
                .items().stream().map(Item::id).toList();
    }

    static List<Decision.Slice<Step>> trained(Decision<Item, Step> decision) {
        return ((Decision.Train<Item, Step>) decision).slices();
    }

    static void offer(Scheduler<Item, Step> scheduler, int count, long nowNanos) {
        for (int i = 0; i < count; i++) {
            scheduler.offerServing(new Item("a", 1, nowNanos, i));
        }
    }

    static int tokens(List<Decision.Slice<Step>> slices) {
        return slices.stream()
                .flatMap(slice -> slice.items().stream())
                .mapToInt(Step::tokens)
                .sum();
    }
}
