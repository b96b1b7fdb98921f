// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

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
    private static final int MAX_EXAMINED = 256;

    private final TenantLedger ledger;
    private final TenantLedger.Ranking readyTenants;
    private final int sliceItems;
    private final Map<Object, TrainingFlow<T>> flows = new HashMap<>();
    private final Map<String, LinkedHashSet<TrainingFlow<T>>> readyByTenant = new HashMap<>();
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
        TrainingFlow<T> flow = flows.get(item.flow());
        if (flow == null) {
            flow = new TrainingFlow<>(item, sliceItems);
            flows.put(flow.key(), flow);
            ledger.enqueued(item.tenant());
            ready(flow);
        } else if (flow.state() == TrainingFlow.State.DROPPED) {
            throw new IllegalStateException("flow: " + flow.key() + " was dropped (expected: one that takes items)");
        } else {
            ledger.enqueued(item.tenant());
            long before = flow.sliceTokens();
            flow.add(item);
            readyTokens += flow.state() == TrainingFlow.State.READY ? flow.sliceTokens() - before : 0;
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
        TrainingFlow<T> flow = beyond ? first() : firstWithin(maxTokens);
        while (flow != null && (slices.isEmpty() || flow.firstCost() <= left)) {
            unready(flow);
            List<T> items = flow.takeSlice(left);
            flow.become(TrainingFlow.State.RUNNING);
            for (T item : items) {
                int cost = TrainingFlow.cost(item);
                ledger.dequeued(flow.tenant(), cost);
                left -= cost;
            }
            size -= items.size();
            slices.add(new Decision.Slice<>(flow.key(), items));
            flow = beyond ? first() : firstWithin(left);
        }
        verifyState();
        return slices;
    }

    private @Nullable TrainingFlow<T> first() {
        return hasReady() ? readyFlows(readyTenants.first()).iterator().next() : null;
    }

    /** The first flow whose next step, or next item if it has no steps, has at most the given tokens. */
    private @Nullable TrainingFlow<T> firstWithin(long maxTokens) {
        int examined = 0;
        for (String tenant : readyTenants.inOrder()) {
            for (TrainingFlow<T> flow : readyFlows(tenant)) {
                if (flow.leastCost() <= maxTokens) {
                    return flow;
                }
                if (++examined == MAX_EXAMINED) {
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
        TrainingFlow<T> flow = flows.get(key);
        if (flow == null || flow.state() == TrainingFlow.State.READY) {
            throw new IllegalStateException("flow: " + key + " (expected: one that runs)");
        }
        boolean dropped = flow.state() == TrainingFlow.State.DROPPED;
        if (flow.isEmpty()) {
            flows.remove(key);
        } else {
            flow.become(TrainingFlow.State.READY);
            flow.measureSlice();
            ready(flow);
        }
        verifyState();
        return dropped;
    }

    /** Removes all that waits in a flow, which accepts no more items until it no longer runs. */
    Scheduler.Dropped<T> drop(Object key) {
        TrainingFlow<T> flow = flows.get(key);
        if (flow == null) {
            return new Scheduler.Dropped<>(List.of(), true);
        }
        List<T> dropped = flow.clear();
        boolean idle = flow.state() == TrainingFlow.State.READY;
        if (idle) {
            unready(flow);
            flows.remove(key);
        } else {
            flow.become(TrainingFlow.State.DROPPED);
        }
        size -= dropped.size();
        dropped.forEach(item -> ledger.withdrawn(item.tenant()));
        verifyState();
        return new Scheduler.Dropped<>(dropped, idle);
    }

    /** Removes all that waits in every flow. */
    List<T> drain() {
        List<T> all = new ArrayList<>(size);
        for (TrainingFlow<T> flow : List.copyOf(flows.values())) {
            if (flow.state() == TrainingFlow.State.READY) {
                unready(flow);
                flows.remove(flow.key());
            }
            all.addAll(flow.clear());
        }
        size = 0;
        all.forEach(item -> ledger.withdrawn(item.tenant()));
        verifyState();
        return all;
    }

    private void ready(TrainingFlow<T> flow) {
        LinkedHashSet<TrainingFlow<T>> ready =
                readyByTenant.computeIfAbsent(flow.tenant(), unused -> new LinkedHashSet<>());
        if (ready.isEmpty()) {
            readyTenants.add(flow.tenant());
        }
        ready.add(flow);
        readyTokens += flow.sliceTokens();
    }

    private void unready(TrainingFlow<T> flow) {
        LinkedHashSet<TrainingFlow<T>> ready = readyFlows(flow.tenant());
        ready.remove(flow);
        readyTokens -= flow.sliceTokens();
        if (ready.isEmpty()) {
            readyByTenant.remove(flow.tenant());
            readyTenants.remove(flow.tenant());
        }
    }

    private LinkedHashSet<TrainingFlow<T>> readyFlows(String tenant) {
        LinkedHashSet<TrainingFlow<T>> ready = readyByTenant.get(tenant);
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
