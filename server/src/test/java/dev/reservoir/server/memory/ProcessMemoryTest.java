// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

class ProcessMemoryTest {
    @Test
    void readsResidentBytesFromTheStatusFile() {
        String status = "Name:\tjava\nVmPeak:\t 9000 kB\nVmRSS:\t  1207260 kB\nRssAnon:\t 1103296 kB\n";

        assertThat(ProcessMemory.residentBytes(status)).isEqualTo(1_207_260L << 10);
        assertThat(ProcessMemory.residentBytes("Name:\tjava\n")).isZero();
    }

    @Test
    void thisProcessIsLargerThanItsUsedHeapAndSmallerThanAllMemory() {
        Runtime heap = Runtime.getRuntime();

        assertThat(ProcessMemory.residentBytes()).isBetween((heap.totalMemory() - heap.freeMemory()) / 2, 1L << 40);
    }

    @Test
    void theJvmThatRunsTheTestsCanTrimItsNativeHeap() {
        assumeTrue(Runtime.version().compareTo(Runtime.Version.parse("17.0.9")) >= 0, "needs JDK 17.0.9");

        assertThat(ProcessMemory.trimNativeHeap()).isTrue();
    }
}
