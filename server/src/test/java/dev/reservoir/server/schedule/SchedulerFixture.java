// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import java.util.List;

/** Work of tenants, a scheduler for it, and the contents of its decisions. */
final class SchedulerFixture {
    static final long MILLI = 1_000_000;

    record Item(String tenant, int tokens, long arrivalNanos, int id, long awaitedUntilNanos) implements Work {
        Item(String tenant, int tokens, long arrivalNanos, int id) {
            this(tenant, tokens, arrivalNanos, id, Long.MAX_VALUE);
        }

        @Override
        public boolean abandoned(long nowNanos) {
            return nowNanos >= awaitedUntilNanos;
        }
    }

    record Step(String tenant, Object flow, int tokens, long arrivalNanos, int id, int stepItems, boolean fillsStep)
            implements OrderedWork {
        Step(String tenant, Object flow, int tokens, long arrivalNanos, int id, int stepItems) {
            this(tenant, flow, tokens, arrivalNanos, id, stepItems, true);
        }

        Step(String tenant, Object flow, int tokens, long arrivalNanos, int id) {
            this(tenant, flow, tokens, arrivalNanos, id, 0);
        }
    }

    private SchedulerFixture() {}

    static BatchPolicy.Builder policy() {
        return BatchPolicy.usual(1)
                .batchTokens(100)
                .batchItems(8)
                .trainingShare(0.25)
                .sliceItems(4)
                .trainingLanes(99)
                .lightServing(0)
                .stepNanos(10 * MILLI)
                .maxQueued(1_000, 600);
    }

    static Scheduler<Item, Step> scheduler() {
        return new Scheduler<>(policy().build());
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
            scheduler.offerServing(List.of(new Item("a", 1, nowNanos, i)));
        }
    }

    static int tokens(List<Decision.Slice<Step>> slices) {
        return slices.stream()
                .flatMap(slice -> slice.items().stream())
                .mapToInt(Step::tokens)
                .sum();
    }
}
