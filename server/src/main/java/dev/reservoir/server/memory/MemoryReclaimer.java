// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.memory;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that gives memory back to the operating system when {@link ReclaimPolicy} says so. Close it to end it. */
public final class MemoryReclaimer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryReclaimer.class);
    private static final Duration INTERVAL = Duration.ofSeconds(5);
    private static final int COLLECTION_MILLIS = 60_000;

    private final ScheduledExecutorService thread;
    private final ReclaimPolicy policy;
    private final LongSupplier batches;
    private final LongSupplier nanoClock;

    /**
     * Starts the thread.
     *
     * @param batches how many batches have run since the start
     */
    public MemoryReclaimer(LongSupplier batches, LongSupplier nanoClock) {
        this.batches = batches;
        this.nanoClock = nanoClock;
        this.policy = new ReclaimPolicy(ReclaimPolicy.Settings.USUAL, nanoClock.getAsLong());
        ProcessMemory.collectPeriodically(COLLECTION_MILLIS);
        thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread started = new Thread(task, "memory-reclaimer");
            started.setDaemon(true);
            return started;
        });
        var unused = thread.scheduleWithFixedDelay(
                this::tick, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void tick() {
        try {
            long before = ProcessMemory.residentBytes();
            if (policy.due(nanoClock.getAsLong(), before, batches.getAsLong()) && ProcessMemory.trimNativeHeap()) {
                long after = ProcessMemory.residentBytes();
                policy.reclaimed(nanoClock.getAsLong(), after);
                LOG.debug("Resident memory: {} MiB, {} MiB before", after >> 20, before >> 20);
            }
        } catch (RuntimeException e) {
            LOG.warn("Memory could not be given back", e);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
