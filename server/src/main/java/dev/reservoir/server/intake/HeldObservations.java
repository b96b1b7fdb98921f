// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.intake;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.memory.MemoryBudget;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Keeps observations that were predicted until their truth arrives, by tenant and id; a newer observation replaces an
 * older one of the same id.
 *
 * <p>All tenants share one account of memory. When it is full, the oldest observations of the tenant with the most
 * bytes are evicted, so a tenant with few bytes keeps them, whatever others send. Each tenant keeps a bounded number of
 * observations, the newest. Thread-safe.
 */
public final class HeldObservations {
    /** Overhead of an entry beyond its observation: id, map entry, reservation. */
    private static final long ENTRY_BYTES = 256;

    private final int maxCount;
    private final MemoryBudget.Account memory;

    @GuardedBy("this")
    private final Map<String, TenantObservations> byTenant = new HashMap<>();

    @GuardedBy("this")
    private final TreeSet<TenantObservations> bySize =
            new TreeSet<>(Comparator.<TenantObservations>comparingLong(observations -> observations.bytes)
                    .thenComparing(observations -> observations.tenant));

    /**
     * @param maxCount most observations of one tenant
     * @param memory the account that all of them share
     */
    public HeldObservations(int maxCount, MemoryBudget.Account memory) {
        this.maxCount = maxCount;
        this.memory = memory;
    }

    /**
     * Stores an observation, unless it is too large even with all others evicted.
     *
     * @param bytes size of the observation
     */
    public synchronized void store(String tenant, String id, HashedObservation observation, long bytes) {
        remove(tenant, id);
        long size = bytes + ENTRY_BYTES;
        if (size > memory.limitBytes()) {
            return;
        }
        MemoryBudget.Reservation reservation = memory.tryReserve(size);
        while (reservation == null && !bySize.isEmpty()) {
            removeOldest(bySize.last());
            reservation = memory.tryReserve(size);
        }
        if (reservation == null) {
            return;
        }
        TenantObservations observations = byTenant.computeIfAbsent(tenant, TenantObservations::new);
        bySize.remove(observations);
        observations.byId.put(id, new Held(observation, reservation));
        observations.bytes += size;
        bySize.add(observations);
        if (observations.byId.size() > maxCount) {
            removeOldest(observations);
        }
    }

    /** @throws Refused UNKNOWN_OBSERVATION */
    public synchronized HashedObservation get(String tenant, String id) {
        TenantObservations observations = byTenant.get(tenant);
        Held held = observations == null ? null : observations.byId.get(id);
        if (held == null) {
            throw new Refused(
                    Reason.UNKNOWN_OBSERVATION,
                    "observation_id: \"" + id + "\" (expected: the id of one of the last " + maxCount
                            + " predictions that gave one, fewer where observations are large)");
        }
        return held.observation;
    }

    /** Forgets all of a tenant's observations unless the predicate accepts the tenant. */
    public synchronized void forgetUnless(String tenant, Predicate<String> keeps) {
        TenantObservations observations = byTenant.get(tenant);
        if (observations != null && !keeps.test(tenant)) {
            byTenant.remove(tenant);
            bySize.remove(observations);
            observations.byId.values().forEach(held -> held.reservation.close());
        }
    }

    @GuardedBy("this")
    private void remove(String tenant, String id) {
        TenantObservations observations = byTenant.get(tenant);
        if (observations != null) {
            removed(observations, observations.byId.remove(id));
        }
    }

    @GuardedBy("this")
    private void removeOldest(TenantObservations observations) {
        Iterator<Held> oldest = observations.byId.values().iterator();
        Held held = oldest.next();
        oldest.remove();
        removed(observations, held);
    }

    /** Accounts for an observation that its tenant no longer has, if there was one. */
    @GuardedBy("this")
    private void removed(TenantObservations observations, @Nullable Held held) {
        if (held == null) {
            return;
        }
        bySize.remove(observations);
        observations.bytes -= held.reservation.bytes();
        held.reservation.close();
        if (observations.byId.isEmpty()) {
            byTenant.remove(observations.tenant);
        } else {
            bySize.add(observations);
        }
    }

    /** The observations of one tenant, the oldest first. */
    private static final class TenantObservations {
        private final String tenant;
        private final LinkedHashMap<String, Held> byId = new LinkedHashMap<>();
        private long bytes;

        TenantObservations(String tenant) {
            this.tenant = tenant;
        }
    }

    private static final class Held {
        private final HashedObservation observation;
        private final MemoryBudget.Reservation reservation;

        Held(HashedObservation observation, MemoryBudget.Reservation reservation) {
            this.observation = observation;
            this.reservation = reservation;
        }
    }
}
