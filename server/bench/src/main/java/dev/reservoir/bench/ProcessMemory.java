// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * What this process occupies once the collector has nothing left to free and has returned free heap to the system: how
 * much of that a collector keeps is its own affair, and not the same twice.
 *
 * @param residentBytes of the whole process
 * @param heapBytes of live Java objects
 */
record ProcessMemory(long residentBytes, long heapBytes) {
    /** Options that a running HotSpot accepts: how much of the heap may be free after a collection, in per cent. */
    private static final String LEAST_FREE = "MinHeapFreeRatio";

    private static final String MOST_FREE = "MaxHeapFreeRatio";
    private static final int QUIET_READINGS = 20;
    /** A collection that frees less than this was the last one needed. */
    private static final long SAME_BYTES = 1 << 20;

    private static final long READING_NANOS = 50_000_000;

    /** Collects garbage and measures; takes at least two seconds. */
    static ProcessMemory now() {
        HotSpotDiagnosticMXBean machine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        String least = machine.getVMOption(LEAST_FREE).getValue();
        String most = machine.getVMOption(MOST_FREE).getValue();
        machine.setVMOption(LEAST_FREE, "0");
        machine.setVMOption(MOST_FREE, "0");
        long resident = Long.MAX_VALUE;
        long before;
        do {
            before = resident;
            System.gc();
            resident = Math.min(resident, leastUntilQuiet());
        } while (resident < before - SAME_BYTES);
        machine.setVMOption(MOST_FREE, most);
        machine.setVMOption(LEAST_FREE, least);
        return new ProcessMemory(
                resident,
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }

    /** The collector returns memory on a thread of its own: waits until there is no less of it for a while. */
    private static long leastUntilQuiet() {
        long least = Long.MAX_VALUE;
        for (int quiet = 0; quiet < QUIET_READINGS; quiet++) {
            long resident = residentNow();
            if (resident < least) {
                least = resident;
                quiet = 0;
            }
            LockSupport.parkNanos(READING_NANOS);
        }
        return least;
    }

    private static long residentNow() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("/proc/self/status: no VmRSS"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
