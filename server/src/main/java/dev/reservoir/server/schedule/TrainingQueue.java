// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Examples that wait to be learned, in flows. A flow's items run in order, and while some of them run no others of the
 * flow do. Flows of a tenant take turns; the tenant that has used least goes first.
 *
 * <p>A flow is known while items of it wait or run:
 *
 * <pre>
 *              add               take
 *   unknown ---------> READY ------------> RUNNING --+
 *    ^  ^  ^             ^                  |  |  ^  | add
 *    |  |  |  drop       |     finished,    |  |  +--+
 *    |  |  +------ READY +---- items wait --+  |
 *    |  |                                      |
 *    |  +-------- finished, nothing waits -----+  drop
 *    |                                         +--------> DROPPED
 *    +---------- finished ---------------------------------- |
 * </pre>
 *
 * <p>A dropped flow accepts no more items. Not thread-safe.
 */
final class TrainingQueue<T extends OrderedWork> {
    /** Most flows examined to find one whose next step is short enough. */
    private static final int LOOKED_AT = 256;

    private enum State {
        /** Items wait and none runs. */
        READY,
        /** A slice runs; items may wait. */
        RUNNING,
        /** The flow was dropped while a slice runs. */
        DROPPED
    }

    private final class Flow {
        final Object key;
        final String tenant;
        final ArrayDeque<T> items = new ArrayDeque<>();
        State state = State.READY;
        /** The content of the next slice, as far as {@link #sliceItems} and the step go. */
        long sliceTokens;

        private int sliceCount;

        Flow(T first) {
            this.key = first.flow();
            this.tenant = first.tenant();
        }

        /** Items that fill the next slice. */
        int mostInSlice() {
            int step = items.getFirst().stepItems();
            return step > 0 ? step : sliceItems;
        }

        void add(T item) {
            items.add(item);
            measure(item);
        }

        void measureSlice() {
            sliceTokens = 0;
            sliceCount = 0;
            for (T item : items) {
                if (sliceCount >= mostInSlice()) {
                    break;
                }
                measure(item);
            }
        }

        private void measure(T item) {
            if (sliceCount < mostInSlice()) {
                sliceTokens += cost(item);
                sliceCount += counts(item) ? 1 : 0;
            }
        }
    }

    private final TenantLedger ledger;
    private final TenantLedger.Ranking readyTenants;
    private final int sliceItems;
    private final Map<Object, Flow> flows = new HashMap<>();
    private final Map<String, LinkedHashSet<Flow>> readyByTenant = new HashMap<>();
    private long readyTokens;
    private int size;

    /** @param sliceItems most items of a slice of a flow without steps */
    TrainingQueue(TenantLedger ledger, int sliceItems) {
        this.ledger = ledger;
        this.readyTenants = ledger.ranking();
        this.sliceItems = sliceItems;
    }

    /** Items that wait. */
    int size() {
        return size;
    }

    boolean hasReady() {
        return !readyTenants.isEmpty();
    }

    /** Tokens of the slices that could be taken now. */
    long readyTokens() {
        return readyTokens;
    }

    /** @throws IllegalStateException if the flow was dropped and still runs */
    void add(T item) {
        Flow flow = flows.get(item.flow());
        if (flow == null) {
            flow = new Flow(item);
            flows.put(flow.key, flow);
            ledger.enqueued(item.tenant());
            flow.add(item);
            ready(flow);
        } else if (flow.state == State.DROPPED) {
            throw new IllegalStateException("flow: " + flow.key + " was dropped (expected: one that takes items)");
        } else {
            ledger.enqueued(item.tenant());
            long before = flow.sliceTokens;
            flow.add(item);
            readyTokens += flow.state == State.READY ? flow.sliceTokens - before : 0;
        }
        size++;
        verifyState();
    }

    /**
     * Takes slices of ready flows within the token bound; their flows run from then on. A step is taken as a whole.
     *
     * @param beyond whether a step may exceed the bound, and one item is taken if any is ready; otherwise flows whose
     *     next step is too long are skipped
     */
    List<Decision.Slice<T>> take(long maxTokens, boolean beyond) {
        List<Decision.Slice<T>> slices = new ArrayList<>();
        long left = maxTokens;
        Flow flow = beyond ? first() : firstWithin(maxTokens);
        while (flow != null && (slices.isEmpty() || cost(flow.items.getFirst()) <= left)) {
            List<T> items = new ArrayList<>();
            unready(flow);
            left -= takeSlice(flow, left, items);
            flow.state = State.RUNNING;
            slices.add(new Decision.Slice<>(flow.key, items));
            flow = beyond ? first() : firstWithin(left);
        }
        verifyState();
        return slices;
    }

    /** Moves the flow's next slice, at least one item, to {@code items}. Returns its tokens. */
    private long takeSlice(Flow flow, long maxTokens, List<T> items) {
        int step = flow.items.getFirst().stepItems();
        int most = flow.mostInSlice();
        int counted = 0;
        long sum = 0;
        while (!flow.items.isEmpty() && items.size() < most + sliceItems) {
            T next = flow.items.getFirst();
            int cost = cost(next);
            boolean full = counts(next) && counted == most;
            boolean inStep = step > 0 || items.isEmpty();
            if (full || (!inStep && sum + cost > maxTokens)) {
                break;
            }
            counted += counts(next) ? 1 : 0;
            sum += cost;
            items.add(next);
            flow.items.removeFirst();
            size--;
            ledger.taken(flow.tenant, cost);
        }
        return sum;
    }

    private boolean counts(T item) {
        return item.stepItems() == 0 || item.fillsStep();
    }

    private static int cost(Work item) {
        return Math.max(1, item.tokens());
    }

    private @Nullable Flow first() {
        return hasReady() ? readyFlows(readyTenants.first()).iterator().next() : null;
    }

    /** The first flow whose next step, or next item if it has no steps, has at most the given tokens. */
    private @Nullable Flow firstWithin(long maxTokens) {
        int lookedAt = 0;
        for (String tenant : readyTenants.inOrder()) {
            for (Flow flow : readyFlows(tenant)) {
                T next = flow.items.getFirst();
                if ((next.stepItems() > 0 ? flow.sliceTokens : cost(next)) <= maxTokens) {
                    return flow;
                }
                if (++lookedAt == LOOKED_AT) {
                    return null;
                }
            }
        }
        return null;
    }

    /**
     * Records that the flow's running items are finished, so that others may run.
     *
     * @return whether the flow was dropped meanwhile
     */
    boolean finished(Object key) {
        Flow flow = flows.get(key);
        if (flow == null || flow.state == State.READY) {
            throw new IllegalStateException("flow: " + key + " (expected: one that runs)");
        }
        boolean dropped = flow.state == State.DROPPED;
        if (flow.items.isEmpty()) {
            flows.remove(key);
        } else {
            flow.state = State.READY;
            flow.measureSlice();
            ready(flow);
        }
        verifyState();
        return dropped;
    }

    /** Removes all that waits in a flow, which accepts no more items until it no longer runs. */
    Scheduler.Dropped<T> drop(Object key) {
        Flow flow = flows.get(key);
        if (flow == null) {
            return new Scheduler.Dropped<>(List.of(), true);
        }
        List<T> dropped = List.copyOf(flow.items);
        boolean atRest = flow.state == State.READY;
        if (atRest) {
            unready(flow);
            flows.remove(key);
        } else {
            flow.state = State.DROPPED;
        }
        flow.items.clear();
        size -= dropped.size();
        dropped.forEach(item -> ledger.withdrawn(item.tenant()));
        verifyState();
        return new Scheduler.Dropped<>(dropped, atRest);
    }

    /** Removes all that waits in every flow. */
    List<T> drain() {
        List<T> all = new ArrayList<>(size);
        for (Flow flow : List.copyOf(flows.values())) {
            if (flow.state == State.READY) {
                unready(flow);
                flows.remove(flow.key);
            }
            all.addAll(flow.items);
            flow.items.clear();
        }
        size = 0;
        all.forEach(item -> ledger.withdrawn(item.tenant()));
        verifyState();
        return all;
    }

    private void ready(Flow flow) {
        LinkedHashSet<Flow> ready = readyByTenant.computeIfAbsent(flow.tenant, unused -> new LinkedHashSet<>());
        if (ready.isEmpty()) {
            readyTenants.add(flow.tenant);
        }
        ready.add(flow);
        readyTokens += flow.sliceTokens;
    }

    private void unready(Flow flow) {
        LinkedHashSet<Flow> ready = readyFlows(flow.tenant);
        ready.remove(flow);
        readyTokens -= flow.sliceTokens;
        if (ready.isEmpty()) {
            readyByTenant.remove(flow.tenant);
            readyTenants.remove(flow.tenant);
        }
    }

    private LinkedHashSet<Flow> readyFlows(String tenant) {
        LinkedHashSet<Flow> ready = readyByTenant.get(tenant);
        if (ready == null) {
            throw new IllegalStateException("tenant: " + tenant + " (expected: one with a ready flow)");
        }
        return ready;
    }

    private void verifyState() {
        boolean ready = hasReady();
        if (readyTenants.size() != readyByTenant.size()
                || ready != (readyTokens > 0)
                || size < 0
                || (ready && size == 0)
                || (size > 0 && flows.isEmpty())) {
            throw new IllegalStateException("ready: " + readyTenants.size() + " tenants, " + readyTokens + " tokens, "
                    + size + " items of " + flows.size() + " flows (expected: none without the others)");
        }
    }
}
