package dev.reservoir.server.registry;

import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Which heads exist. Thread-safe. */
public final class HeadRegistry {

    /** Makes the parts of a new head. */
    public interface PartFactory {
        /** May take long the first time; not called under a lock. */
        ObservationEncoder encoder(HeadSpec spec);

        HeadLearner learner(HeadSpec spec, ObservationEncoder encoder);
    }

    private final ConcurrentSkipListMap<HeadName, LiveHead> heads = new ConcurrentSkipListMap<>();
    /** The same heads, for looking one up: predictions name thousands. */
    private final ConcurrentHashMap<HeadName, LiveHead> byName = new ConcurrentHashMap<>();

    private final PartFactory parts;
    private final int maxHeads;
    private final Supplier<Instant> clock;

    public HeadRegistry(PartFactory parts, int maxHeads, Supplier<Instant> clock) {
        this.parts = parts;
        this.maxHeads = maxHeads;
        this.clock = clock;
    }

    /**
     * Creates a head.
     *
     * @param requestId makes a repeated call return the head that the first one made; empty for none
     * @throws Refused HEAD_EXISTS, HEAD_LIMIT, or INVALID_FIELD where the specification does not fit the substrate
     */
    public LiveHead create(HeadSpec spec, String requestId) {
        LiveHead existing = existing(spec, requestId);
        if (existing != null) {
            return existing;
        }
        // Other tenants' creations do not wait for it.
        ObservationEncoder encoder = parts.encoder(spec);
        synchronized (this) {
            existing = existing(spec, requestId);
            if (existing != null) {
                return existing;
            }
            LiveHead head = new LiveHead(spec, encoder, parts.learner(spec, encoder), requestId, clock.get());
            byName.put(spec.name(), head);
            heads.put(spec.name(), head);
            return head;
        }
    }

    /** The head that a repeated call made, or null where a new one may be made. */
    private @Nullable LiveHead existing(HeadSpec spec, String requestId) {
        LiveHead existing = heads.get(spec.name());
        if (existing != null) {
            if (existing.createdBy(requestId, spec)) {
                return existing;
            }
            throw new Refused(
                    Reason.HEAD_EXISTS,
                    "name: " + spec.name() + " (expected: a name that is not taken)",
                    Map.of("name", spec.name().toString()));
        }
        if (heads.size() >= maxHeads) {
            throw new Refused(
                    Reason.HEAD_LIMIT,
                    "heads: " + (heads.size() + 1) + " (expected: at most " + maxHeads + " on this server)",
                    Map.of("limit", Integer.toString(maxHeads)));
        }
        return null;
    }

    /** @throws Refused HEAD_NOT_FOUND */
    public LiveHead get(HeadName name) {
        LiveHead head = byName.get(name);
        if (head == null) {
            throw notFound(name);
        }
        return head;
    }

    /** A tenant's heads by name, those after {@code after} (exclusive; empty for all), at most {@code limit}. */
    public List<LiveHead> list(String tenant, String after, int limit) {
        HeadName from = new HeadName(tenant, after.isEmpty() ? "a" : after);
        List<LiveHead> page = new ArrayList<>();
        for (LiveHead head : heads.tailMap(from, after.isEmpty()).values()) {
            if (!head.name().tenant().equals(tenant) || page.size() == limit) {
                break;
            }
            page.add(head);
        }
        return page;
    }

    /**
     * Takes a head out. Its learner is closed by the lane that next holds its turn.
     *
     * @throws Refused HEAD_NOT_FOUND
     */
    public LiveHead delete(HeadName name) {
        LiveHead head;
        synchronized (this) {
            head = byName.remove(name);
            if (head == null) {
                throw notFound(name);
            }
            heads.remove(name, head);
        }
        // Calls back to whoever waits for the head: nobody else's creation waits for that.
        head.delete();
        return head;
    }

    public int size() {
        return heads.size();
    }

    /** All heads, for closing them at the end. */
    public List<LiveHead> all() {
        return List.copyOf(heads.values());
    }

    public static Refused notFound(HeadName name) {
        return new Refused(
                Reason.HEAD_NOT_FOUND,
                "name: " + name + " (expected: a head that exists)",
                Map.of("name", name.toString()));
    }
}
