package dev.reservoir.server.registry;

import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Observations that were predicted and wait for their truth, by tenant and id. The newest of a tenant are held, bounded in count and
 * bytes; the id of a newer observation replaces an older one. Thread-safe.
 */
public final class HeldObservations {
    private final int maxCount;
    private final long maxBytes;
    private final Map<String, Shelf> shelves = new HashMap<>();

    public HeldObservations(int maxCount, long maxBytes) {
        this.maxCount = maxCount;
        this.maxBytes = maxBytes;
    }

    /** @param bytes size of the observation, for the bound */
    public synchronized void hold(String tenant, String id, Observation observation, long bytes) {
        shelves.computeIfAbsent(tenant, unused -> new Shelf()).put(id, new Held(observation, bytes));
    }

    /** @throws Refused UNKNOWN_OBSERVATION */
    public synchronized Observation get(String tenant, String id) {
        Shelf shelf = shelves.get(tenant);
        Held held = shelf == null ? null : shelf.byId.get(id);
        if (held == null) {
            throw new Refused(
                    Reason.UNKNOWN_OBSERVATION,
                    "observation_id: \"" + id + "\" (expected: the id of one of the last " + maxCount
                            + " predictions that gave one)");
        }
        return held.observation;
    }

    private final class Shelf {
        private final LinkedHashMap<String, Held> byId = new LinkedHashMap<>();
        private long bytes;

        void put(String id, Held held) {
            Held older = byId.remove(id);
            if (older != null) {
                bytes -= older.bytes;
            }
            byId.put(id, held);
            bytes += held.bytes;
            Iterator<Held> oldest = byId.values().iterator();
            while (byId.size() > maxCount || (bytes > maxBytes && byId.size() > 1)) {
                bytes -= oldest.next().bytes;
                oldest.remove();
            }
        }
    }

    private record Held(Observation observation, long bytes) {}
}
