// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.registry;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The heads that exist.
 *
 * <p>Guarantees: a head's learner is created without holding a lock, because that may take seconds, and freed again if
 * another creation of the same head wins; no call but {@link #close} waits for a creation; listeners are notified of
 * each deleted head once, after it was removed from the registry. Thread-safe.
 */
public final class HeadRegistry implements AutoCloseable {

    /** Creates the learners of new heads. Called on any thread, without a lock; may take long. */
    @FunctionalInterface
    public interface LearnerFactory {
        /**
         * A learner that has learned nothing.
         *
         * @throws Refused INVALID_FIELD or MEMORY_LIMIT if the substrate or the server cannot have such a head
         */
        HeadLearner create(HeadSpec spec);
    }

    private final ConcurrentSkipListMap<HeadName, LiveHead> heads = new ConcurrentSkipListMap<>();
    /** The same heads in a hash map, for lookups: one prediction may name thousands. */
    private final ConcurrentHashMap<HeadName, LiveHead> byName = new ConcurrentHashMap<>();

    private final List<Consumer<LiveHead>> deletionListeners = new CopyOnWriteArrayList<>();
    private final LearnerFactory learners;
    private final int maxHeads;
    private final Supplier<Instant> clock;

    /** The number of creations in progress. */
    @GuardedBy("this")
    private int creating;

    @GuardedBy("this")
    private boolean closed;

    public HeadRegistry(LearnerFactory learners, int maxHeads, Supplier<Instant> clock) {
        this.learners = learners;
        this.maxHeads = maxHeads;
        this.clock = clock;
    }

    /** Calls back with each head that is deleted from now on, on the thread that deletes it; must be quick. */
    public void whenDeleted(Consumer<LiveHead> listener) {
        deletionListeners.add(listener);
    }

    /**
     * Creates a head.
     *
     * @param requestId makes a repeated call return the head that the first one made; empty for none
     * @throws Refused HEAD_EXISTS, HEAD_LIMIT, STOPPING, or INVALID_FIELD if the specification does not fit the
     *     substrate
     */
    public LiveHead create(HeadSpec spec, String requestId) {
        LiveHead existing = begin(spec, requestId);
        if (existing != null) {
            return existing;
        }
        try {
            return keep(spec, learners.create(spec), requestId);
        } finally {
            end();
        }
    }

    /** Adds the head of a learner, or closes the learner if another creation was faster. */
    private LiveHead keep(HeadSpec spec, HeadLearner learner, String requestId) {
        LiveHead kept = null;
        LiveHead made = null;
        try {
            made = new LiveHead(spec, learner, requestId, clock.get());
            kept = add(made, spec, requestId);
            return kept;
        } finally {
            if (made == null || made != kept) {
                learner.close();
            }
        }
    }

    /** The head that a repeated call made, or null if a new one may be made; then {@link #end} follows. */
    private synchronized @Nullable LiveHead begin(HeadSpec spec, String requestId) {
        LiveHead existing = existing(spec, requestId);
        if (existing == null) {
            creating++;
        }
        return existing;
    }

    private synchronized LiveHead add(LiveHead made, HeadSpec spec, String requestId) {
        LiveHead existing = existing(spec, requestId);
        if (existing != null) {
            return existing;
        }
        byName.put(spec.name(), made);
        heads.put(spec.name(), made);
        return made;
    }

    private synchronized void end() {
        creating--;
        notifyAll();
    }

    @GuardedBy("this")
    private @Nullable LiveHead existing(HeadSpec spec, String requestId) {
        if (closed) {
            throw new Refused(Reason.STOPPING, "server: stopping (expected: one that takes heads)");
        }
        LiveHead existing = byName.get(spec.name());
        if (existing != null) {
            if (existing.createdBy(requestId, spec)) {
                return existing;
            }
            throw new Refused(
                    Reason.HEAD_EXISTS,
                    "name: " + spec.name() + " (expected: a name that is not in use)",
                    Map.of("name", spec.name().toString()));
        }
        if (byName.size() >= maxHeads) {
            throw new Refused(
                    Reason.HEAD_LIMIT,
                    "heads: " + (byName.size() + 1) + " (expected: at most " + maxHeads + " on this server)",
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

    /** Whether a tenant has a head. */
    public boolean hasHeads(String tenant) {
        return !list(tenant, "", 1).isEmpty();
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
     * Removes a head and notifies the listeners.
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
        // Outside the lock: these callbacks must not delay other creations.
        head.delete();
        for (Consumer<LiveHead> listener : deletionListeners) {
            listener.accept(head);
        }
        return head;
    }

    public int size() {
        return byName.size();
    }

    /**
     * Accepts no more heads, waits for creations in progress, and frees the learners of the remaining heads. Call it at
     * shutdown, once nothing uses a learner any more.
     */
    @Override
    public void close() {
        List<LiveHead> left;
        boolean interrupted = false;
        synchronized (this) {
            closed = true;
            while (creating > 0) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            left = List.copyOf(heads.values());
            heads.clear();
            byName.clear();
        }
        left.forEach(LiveHead::close);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    public static Refused notFound(HeadName name) {
        return new Refused(
                Reason.HEAD_NOT_FOUND,
                "name: " + name + " (expected: a head that exists)",
                Map.of("name", name.toString()));
    }
}
