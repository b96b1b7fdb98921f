// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.HeadFootprint;
import dev.reservoir.heads.Refused;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerMemoryTest {
    @ParameterizedTest
    @ValueSource(longs = {384L << 20, 1L << 30, 6L << 30, 64L << 30})
    void aQuarterOfTheHeapIsLentToNobody(long heapBytes) {
        ServerMemory memory = ServerMemory.of(heapBytes, 100);
        long lent = memory.traffic().limitBytes() + memory.heads().limitBytes();
        assertThat(lent).isEqualTo(heapBytes / 4 * 3);
        assertThat(memory.heads().limitBytes()).isGreaterThanOrEqualTo(heapBytes / 4);
        assertThat(memory.outside().limitBytes()).isEqualTo(100);
    }

    @ParameterizedTest
    @ValueSource(strings = {"heads", "encoders", "inverse covariances"})
    void everyOwnerIsReported(String owner) {
        ServerMemory memory = ServerMemory.of(1_000, 1_000);
        ServerMemory.Accounts accounts = memory.openAccounts();
        accounts.heads().reserve(11);
        accounts.encoders().reserve(11);
        accounts.inverseCovariances().reserve(11);
        assertThat(memory.usage())
                .filteredOn(usage -> usage.owner().equals(owner))
                .singleElement()
                .satisfies(usage -> assertThat(usage.usedBytes()).isEqualTo(11));
    }

    @Test
    void headsThatTakeAllOfTheirsLeaveTrafficItsOwn() {
        ServerMemory memory = ServerMemory.of(1_000, 0);
        MemoryBudget.Account requests = memory.traffic().account("requests");
        memory.openAccounts().heads().reserve(memory.heads().limitBytes());
        assertThat(requests.tryReserve(500)).isNotNull();
    }

    @Test
    void whatCouldNeverFitIsRefusedWithTheSettingThatChangesIt() {
        ServerMemory.Accounts accounts = ServerMemory.of(1_000, 77).openAccounts();
        accounts.checkPossible(new HeadFootprint(250, 77));
        assertThatThrownBy(() -> accounts.checkPossible(new HeadFootprint(251, 0)))
                .isInstanceOf(Refused.class)
                .hasMessage("heads: 251 bytes more (expected: at most 250, all of heap, which java -Xmx sets)");
        assertThatThrownBy(() -> accounts.checkPossible(new HeadFootprint(0, 78)))
                .hasMessage("inverse covariances: 78 bytes more (expected: at most 77, all of native memory, which"
                        + " --native-memory-mib sets)");
    }
}
