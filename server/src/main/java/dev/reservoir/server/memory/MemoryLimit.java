// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.memory;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How much memory this process may use: that of the machine, or less if a control group limits it. Reads control groups
 * of version 1 (the memory controller) and 2, with those above, because the tightest limit applies.
 */
public final class MemoryLimit {
    private static final Path ROOT = Path.of("/");
    /** Enough for some tens of heads, where the heap may take all there is. */
    private static final long LEAST_NATIVE = 64L << 20;

    private MemoryLimit() {}

    /** Bytes that this process may use, its heap included. */
    public static long bytes() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return Math.min(system.getTotalMemorySize(), groupBytes(ROOT));
    }

    /**
     * The native memory that heads get by default: half of what the heap leaves, but at least 64 MiB. The other half is
     * for the weights, for batches that are running and for the JVM.
     */
    public static long usualNativeBytes() {
        return usualNativeBytes(bytes(), Runtime.getRuntime().maxMemory());
    }

    static long usualNativeBytes(long limitBytes, long maxHeapBytes) {
        return Math.max(LEAST_NATIVE, (limitBytes - maxHeapBytes) / 2);
    }

    /**
     * The tightest limit of the control groups of this process; {@link Long#MAX_VALUE} if there is none.
     *
     * @param root the folder in which {@code proc} and {@code sys} are
     */
    static long groupBytes(Path root) {
        Path groups = root.resolve("sys/fs/cgroup");
        long least = Long.MAX_VALUE;
        for (String line : text(root.resolve("proc/self/cgroup")).lines().toList()) {
            // hierarchy:controllers:path; version 2 has hierarchy 0 and names no controllers (cgroups(7)).
            String[] parts = line.split(":", 3);
            if (parts.length < 3) {
                continue;
            }
            if (parts[0].equals("0") && parts[1].isEmpty()) {
                least = Math.min(least, tightest(groups, parts[2], "memory.max"));
            } else if (List.of(parts[1].split(",")).contains("memory")) {
                least = Math.min(least, tightest(groups.resolve("memory"), parts[2], "memory.limit_in_bytes"));
            }
        }
        return least;
    }

    /**
     * The least limit from a group up to the top. In a container the path may be the host's, of which nothing is
     * mounted but the group itself, at the top.
     */
    private static long tightest(Path top, String group, String file) {
        long least = limit(top.resolve(file));
        Path folder = top;
        for (Path name : Path.of("/").relativize(Path.of(group).normalize())) {
            folder = folder.resolve(name);
            least = Math.min(least, limit(folder.resolve(file)));
        }
        return least;
    }

    /** The limit in a file; {@link Long#MAX_VALUE} if it has none ({@code max}) or cannot be read. */
    private static long limit(Path file) {
        String text = text(file).strip();
        return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : Long.MAX_VALUE;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            return "";
        }
    }
}
