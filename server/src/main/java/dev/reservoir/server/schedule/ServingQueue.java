// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * Items that wait to be served: first come, first served within a tenant; the tenant that has used least goes first.
 * Not thread-safe.
 */
final class ServingQueue<S extends Work> {
    /** A waiting item; no two entries are equal, though items may be. */
    private static final class Entry<S> {
        final S item;

        Entry(S item) {
            this.item = item;
        }
    }

    /**
     * A batch, removed from the queue.
     *
     * @param abandoned items that no caller waited for any more; they were neither charged nor counted
     */
    record Batch<S>(List<S> items, List<S> abandoned) {}

    private final TenantLedger ledger;
    private final TenantLedger.Ranking tenants;
    private final Map<String, ArrayDeque<Entry<S>>> byTenant = new HashMap<>();
    /** All entries in order of arrival. */
    private final LinkedHashSet<Entry<S>> byAge = new LinkedHashSet<>();

    private long tokens;

    ServingQueue(TenantLedger ledger) {
        this.ledger = ledger;
        this.tenants = ledger.ranking();
    }

    int size() {
        return byAge.size();
    }

    int size(String tenant) {
        ArrayDeque<Entry<S>> queue = byTenant.get(tenant);
        return queue == null ? 0 : queue.size();
    }

    long tokens() {
        return tokens;
    }

    void add(S item) {
        ledger.enqueued(item.tenant());
        ArrayDeque<Entry<S>> queue = byTenant.computeIfAbsent(item.tenant(), unused -> new ArrayDeque<>());
        if (queue.isEmpty()) {
            tenants.add(item.tenant());
        }
        Entry<S> entry = new Entry<>(item);
        queue.add(entry);
        byAge.add(entry);
        tokens += item.tokens();
        verifyState();
    }

    /** Arrival time of the item that has waited longest, or {@link Long#MAX_VALUE}. */
    long oldestArrivalNanos() {
        return byAge.isEmpty() ? Long.MAX_VALUE : byAge.iterator().next().item.arrivalNanos();
    }

    /** Takes a batch within the bounds, but at least one item if any is not abandoned. */
    Batch<S> take(int maxTokens, int maxItems, long nowNanos) {
        List<S> batch = new ArrayList<>();
        List<S> abandoned = new ArrayList<>();
        long sum = 0;
        while (!byAge.isEmpty() && batch.size() < maxItems) {
            ArrayDeque<Entry<S>> queue = queue(tenants.first());
            S next = queue.getFirst().item;
            if (next.abandoned(nowNanos)) {
                abandoned.add(next);
                remove(queue);
                ledger.withdrawn(next.tenant());
                continue;
            }
            int cost = Math.max(1, next.tokens());
            if (!batch.isEmpty() && sum + cost > maxTokens) {
                break;
            }
            sum += cost;
            batch.add(next);
            remove(queue);
            ledger.dequeued(next.tenant(), cost);
        }
        verifyState();
        return new Batch<>(batch, abandoned);
    }

    /** Removes all waiting items. */
    List<S> drain() {
        List<S> all = new ArrayList<>(byAge.size());
        while (!byAge.isEmpty()) {
            S next = byAge.iterator().next().item;
            all.add(next);
            remove(queue(next.tenant()));
            ledger.withdrawn(next.tenant());
        }
        verifyState();
        return all;
    }

    /** Removes the head of a tenant's queue. */
    private void remove(ArrayDeque<Entry<S>> queue) {
        Entry<S> entry = queue.removeFirst();
        byAge.remove(entry);
        tokens -= entry.item.tokens();
        if (queue.isEmpty()) {
            byTenant.remove(entry.item.tenant());
            tenants.remove(entry.item.tenant());
        }
    }

    private ArrayDeque<Entry<S>> queue(String tenant) {
        ArrayDeque<Entry<S>> queue = byTenant.get(tenant);
        if (queue == null) {
            throw new IllegalStateException("tenant: " + tenant + " (expected: one with waiting items)");
        }
        return queue;
    }

    private void verifyState() {
        if (tenants.size() != byTenant.size() || tenants.isEmpty() != byAge.isEmpty() || tokens < 0) {
            throw new IllegalStateException("tenants: " + tenants.size() + " for " + byAge.size() + " items of "
                    + tokens + " tokens (expected: " + byTenant.size() + ", one if items wait)");
        }
    }
}
