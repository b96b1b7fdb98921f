package dev.reservoir.server.schedule;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Examples that wait to be learned, in flows. A flow's items leave in order, and while some of them run no others do. Flows of a tenant
 * take turns; the tenant that was given least goes first.
 */
final class TrainingQueue<T extends OrderedWork> {
    private static final class Flow<T> {
        final ArrayDeque<T> items = new ArrayDeque<>();
        boolean busy;
    }

    private final TenantLedger ledger;
    private final Map<Object, Flow<T>> flows = new HashMap<>();
    private final Map<String, ArrayDeque<Object>> readyByTenant = new HashMap<>();
    private int size;

    TrainingQueue(TenantLedger ledger) {
        this.ledger = ledger;
    }

    /** Items that wait. */
    int size() {
        return size;
    }

    boolean hasReady() {
        return !readyByTenant.isEmpty();
    }

    void add(T item) {
        ledger.enqueued(item.tenant());
        Flow<T> flow = flows.computeIfAbsent(item.flow(), unused -> new Flow<>());
        flow.items.add(item);
        size++;
        if (flow.items.size() == 1 && !flow.busy) {
            ready(item.tenant(), item.flow());
        }
    }

    /** Tokens of the slices that could be taken now, or at least {@code enough} where they have as many. */
    long readyTokens(int sliceItems, long enough) {
        long sum = 0;
        for (ArrayDeque<Object> ready : readyByTenant.values()) {
            for (Object key : ready) {
                Flow<T> flow = flow(key);
                sum += tokens(flow, sliceItems(flow, sliceItems), enough - sum);
                if (sum >= enough) {
                    return sum;
                }
            }
        }
        return sum;
    }

    /** Most items of a flow's next slice: a step that was begun is taken whole. */
    private static <T extends OrderedWork> int sliceItems(Flow<T> flow, int sliceItems) {
        int step = flow.items.getFirst().stepItems();
        return step > 0 ? step : sliceItems;
    }

    /**
     * Takes slices of ready flows within the token bound and marks their flows busy. A step that was begun is taken whole.
     *
     * @param beyond whether a step may end beyond the bound, and one item is taken where any is ready; else flows whose next step is too long
     *     are passed over
     */
    List<Decision.Slice<T>> take(long maxTokens, int sliceItems, boolean beyond) {
        List<Decision.Slice<T>> slices = new ArrayList<>();
        long sum = 0;
        Object key = beyond ? first() : firstWithin(maxTokens);
        while (key != null) {
            Flow<T> flow = flow(key);
            List<T> items = new ArrayList<>();
            String tenant = flow.items.getFirst().tenant();
            int step = flow.items.getFirst().stepItems();
            int most = sliceItems(flow, sliceItems);
            while (!flow.items.isEmpty() && items.size() < most) {
                int tokens = Math.max(1, flow.items.getFirst().tokens());
                boolean first = slices.isEmpty() && items.isEmpty();
                boolean inStep = step > 0 && !items.isEmpty();
                if (!first && !inStep && sum + tokens > maxTokens) {
                    break;
                }
                sum += tokens;
                items.add(flow.items.removeFirst());
                size--;
                ledger.dequeued(tenant, tokens);
            }
            if (items.isEmpty()) {
                break;
            }
            ArrayDeque<Object> ready = readyFlows(tenant);
            ready.remove(key);
            if (ready.isEmpty()) {
                readyByTenant.remove(tenant);
            }
            flow.busy = true;
            slices.add(new Decision.Slice<>(key, items));
            key = beyond ? first() : firstWithin(maxTokens - sum);
        }
        return slices;
    }

    private @Nullable Object first() {
        return hasReady() ? readyFlows(leastGiven()).getFirst() : null;
    }

    /** The first flow whose next step, or item where each is worked off by itself, has no more tokens than that. */
    private @Nullable Object firstWithin(long maxTokens) {
        List<String> tenants = new ArrayList<>(readyByTenant.keySet());
        tenants.sort(Comparator.comparingLong(ledger::given).thenComparing(Comparator.naturalOrder()));
        for (String tenant : tenants) {
            for (Object key : readyFlows(tenant)) {
                Flow<T> flow = flow(key);
                if (tokens(flow, Math.max(1, flow.items.getFirst().stepItems()), maxTokens + 1) <= maxTokens) {
                    return key;
                }
            }
        }
        return null;
    }

    /** Tokens of so many items, or at least {@code enough} where they have as many. */
    private static <T extends OrderedWork> long tokens(Flow<T> flow, int items, long enough) {
        long sum = 0;
        int left = items;
        for (T item : flow.items) {
            if (left == 0 || sum >= enough) {
                break;
            }
            left--;
            sum += Math.max(1, item.tokens());
        }
        return sum;
    }

    /** The flow's items ran; others may. */
    void finished(Object key) {
        Flow<T> flow = flow(key);
        flow.busy = false;
        if (flow.items.isEmpty()) {
            flows.remove(key);
        } else {
            ready(flow.items.getFirst().tenant(), key);
        }
    }

    /** Takes out all that waits in a flow. */
    List<T> drop(Object key) {
        Flow<T> flow = flows.get(key);
        if (flow == null) {
            return List.of();
        }
        List<T> dropped = List.copyOf(flow.items);
        for (T item : dropped) {
            ledger.dequeued(item.tenant(), 0);
        }
        size -= dropped.size();
        flow.items.clear();
        if (!flow.busy) {
            flows.remove(key);
            if (!dropped.isEmpty()) {
                String tenant = dropped.get(0).tenant();
                ArrayDeque<Object> ready = readyFlows(tenant);
                ready.remove(key);
                if (ready.isEmpty()) {
                    readyByTenant.remove(tenant);
                }
            }
        }
        return dropped;
    }

    boolean busy(Object key) {
        Flow<T> flow = flows.get(key);
        return flow != null && flow.busy;
    }

    private void ready(String tenant, Object key) {
        readyByTenant.computeIfAbsent(tenant, unused -> new ArrayDeque<>()).add(key);
    }

    private ArrayDeque<Object> readyFlows(String tenant) {
        ArrayDeque<Object> ready = readyByTenant.get(tenant);
        if (ready == null) {
            throw new IllegalStateException("tenant: " + tenant + " (expected: one with a ready flow)");
        }
        return ready;
    }

    private Flow<T> flow(Object key) {
        Flow<T> flow = flows.get(key);
        if (flow == null) {
            throw new IllegalStateException("flow: " + key + " (expected: one that waits or runs)");
        }
        return flow;
    }

    private String leastGiven() {
        String chosen = "";
        long least = Long.MAX_VALUE;
        for (String tenant : readyByTenant.keySet()) {
            long given = ledger.given(tenant);
            if (chosen.isEmpty() || given < least || (given == least && tenant.compareTo(chosen) < 0)) {
                chosen = tenant;
                least = given;
            }
        }
        return chosen;
    }
}
