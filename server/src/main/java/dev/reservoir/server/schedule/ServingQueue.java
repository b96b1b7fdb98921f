package dev.reservoir.server.schedule;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Items that wait to be served: first come, first served within a tenant; the tenant that was given least goes first. */
final class ServingQueue<S extends Work> {
    private final TenantLedger ledger;
    private final Map<String, ArrayDeque<S>> byTenant = new HashMap<>();
    private int size;
    private long tokens;

    ServingQueue(TenantLedger ledger) {
        this.ledger = ledger;
    }

    int size() {
        return size;
    }

    int size(String tenant) {
        ArrayDeque<S> queue = byTenant.get(tenant);
        return queue == null ? 0 : queue.size();
    }

    long tokens() {
        return tokens;
    }

    void add(S item) {
        ledger.enqueued(item.tenant());
        byTenant.computeIfAbsent(item.tenant(), unused -> new ArrayDeque<>()).add(item);
        size++;
        tokens += item.tokens();
    }

    /** Arrival of the item that waits longest, or {@link Long#MAX_VALUE}. */
    long oldestArrivalNanos() {
        long oldest = Long.MAX_VALUE;
        for (ArrayDeque<S> queue : byTenant.values()) {
            oldest = Math.min(oldest, queue.getFirst().arrivalNanos());
        }
        return oldest;
    }

    /** Takes a batch within the bounds, at least one item where one waits. */
    List<S> take(int maxTokens, int maxItems) {
        List<S> batch = new ArrayList<>();
        long sum = 0;
        while (size > 0 && batch.size() < maxItems) {
            ArrayDeque<S> queue = leastGiven();
            S next = queue.getFirst();
            int cost = Math.max(1, next.tokens());
            if (!batch.isEmpty() && sum + cost > maxTokens) {
                break;
            }
            queue.removeFirst();
            if (queue.isEmpty()) {
                byTenant.remove(next.tenant());
            }
            size--;
            tokens -= next.tokens();
            sum += cost;
            ledger.dequeued(next.tenant(), next.tokens());
            batch.add(next);
        }
        return batch;
    }

    private ArrayDeque<S> leastGiven() {
        ArrayDeque<S> chosen = null;
        long least = Long.MAX_VALUE;
        long arrival = Long.MAX_VALUE;
        for (Map.Entry<String, ArrayDeque<S>> entry : byTenant.entrySet()) {
            long given = ledger.given(entry.getKey());
            long first = entry.getValue().getFirst().arrivalNanos();
            if (chosen == null || given < least || (given == least && first < arrival)) {
                chosen = entry.getValue();
                least = given;
                arrival = first;
            }
        }
        if (chosen == null) {
            throw new IllegalStateException("size: " + size + " (expected: 0 where no tenant waits)");
        }
        return chosen;
    }
}
