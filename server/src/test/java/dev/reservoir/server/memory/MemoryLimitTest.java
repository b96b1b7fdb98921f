// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryLimitTest {
    private static final long GIB = 1L << 30;

    @TempDir
    private Path root;

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    @Test
    void theTightestGroupOfVersion2Limits() throws IOException {
        write("proc/self/cgroup", "0::/system.slice/reservoir.service\n");
        write("sys/fs/cgroup/system.slice/memory.max", "3221225472\n");
        write("sys/fs/cgroup/system.slice/reservoir.service/memory.max", "4294967296\n");
        assertThat(MemoryLimit.groupBytes(root)).isEqualTo(3 * GIB);
        write("sys/fs/cgroup/system.slice/memory.max", "max\n");
        assertThat(MemoryLimit.groupBytes(root)).isEqualTo(4 * GIB);
    }

    @Test
    void aContainersOwnGroupIsAtTheTop() throws IOException {
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/memory.max", "1073741824\n");
        assertThat(MemoryLimit.groupBytes(root)).isEqualTo(GIB);
        write("proc/self/cgroup", "0::/../../docker/0a1b\n");
        assertThat(MemoryLimit.groupBytes(root)).isEqualTo(GIB);
    }

    @Test
    void theMemoryControllerOfVersion1Limits() throws IOException {
        write("proc/self/cgroup", "11:cpu,cpuacct:/a\n7:memory:/docker/0a1b\n1:name=systemd:/b\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        write("sys/fs/cgroup/memory/docker/0a1b/memory.limit_in_bytes", "2147483648\n");
        assertThat(MemoryLimit.groupBytes(root)).isEqualTo(2 * GIB);
    }

    @Test
    void withoutAGroupThereIsNoLimit() throws IOException {
        assertThat(MemoryLimit.groupBytes(root)).isEqualTo(Long.MAX_VALUE);
        write("proc/self/cgroup", "0::/\nnonsense\n");
        write("sys/fs/cgroup/memory.max", "max\n");
        assertThat(MemoryLimit.groupBytes(root)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void headsGetHalfOfWhatTheHeapLeaves() {
        assertThat(MemoryLimit.usualNativeBytes(24 * GIB, 6 * GIB)).isEqualTo(9 * GIB);
        assertThat(MemoryLimit.usualNativeBytes(GIB, GIB)).isEqualTo(64 << 20);
        assertThat(MemoryLimit.usualNativeBytes(GIB, 2 * GIB)).isEqualTo(64 << 20);
    }

    @Test
    void thisMachineHasMemory() {
        assertThat(MemoryLimit.bytes()).isBetween(256L << 20, 1L << 50);
    }
}
