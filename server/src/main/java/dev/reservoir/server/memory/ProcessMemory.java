// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.memory;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Memory of this process as the operating system sees it, and the means to give it back. Thread-safe. */
public final class ProcessMemory {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessMemory.class);
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessMemory() {}

    /** Resident bytes of this process, or 0 if the operating system does not report it. */
    public static long residentBytes() {
        try {
            return residentBytes(Files.readString(STATUS, StandardCharsets.US_ASCII));
        } catch (IOException e) {
            return 0;
        }
    }

    /** The same, read from the text of {@code /proc/PID/status} (proc(5)). */
    static long residentBytes(String status) {
        return status.lines()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst()
                .orElse(0);
    }

    /**
     * Returns what the C library's allocator keeps of freed memory to the operating system (malloc_trim(3), by the
     * JVM's diagnostic command {@code System.trim_native_heap}).
     *
     * @return false if this JVM has no such command (before 17.0.9, or another C library)
     */
    static boolean trimNativeHeap() {
        MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
        try {
            beans.invoke(
                    new ObjectName("com.sun.management:type=DiagnosticCommand"),
                    "systemTrimNativeHeap",
                    new Object[0],
                    new String[0]);
            return true;
        } catch (JMException e) {
            LOG.debug("The native heap cannot be trimmed: {}", e.toString());
            return false;
        }
    }

    /** Lets the collector return heap that is not used while little is allocated. */
    static void collectPeriodically(int millis) {
        try {
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                    .setVMOption("G1PeriodicGCInterval", Integer.toString(millis));
        } catch (IllegalArgumentException e) {
            LOG.debug("The collector has no periodic cycle: {}", e.toString());
        }
    }
}
