// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReclaimPolicyTest {
    private static final long MIB = 1 << 20;

    private final ReclaimPolicy policy =
            new ReclaimPolicy(new ReclaimPolicy.Settings(64 * MIB, 512 * MIB, Duration.ofSeconds(60)), 0);

    @Test
    void anIdleServerGivesBackAModestExcessAtOnce() {
        settled(500 * MIB, 7);

        assertThat(policy.due(seconds(5), 560 * MIB, 7)).isFalse();
        assertThat(policy.due(seconds(10), 565 * MIB, 7)).isTrue();
    }

    @Test
    void aBusyServerKeepsWhatItsNextStepWillAskForAgain() {
        settled(500 * MIB, 7);

        assertThat(policy.due(seconds(70), 1_000 * MIB, 8)).isFalse();
    }

    @Test
    void aBusyServerGivesBackALargeExcessButRarely() {
        settled(500 * MIB, 7);

        assertThat(policy.due(seconds(30), 1_100 * MIB, 8)).isFalse();
        assertThat(policy.due(seconds(60), 1_100 * MIB, 9)).isTrue();
        policy.reclaimed(seconds(60), 500 * MIB);
        assertThat(policy.due(seconds(65), 1_100 * MIB, 10)).isFalse();
    }

    @Test
    void memoryThatReclaimingDidNotFreeIsNotReclaimedAgain() {
        settled(1_000 * MIB, 7);

        assertThat(policy.due(seconds(100), 1_000 * MIB, 7)).isFalse();
    }

    private void settled(long residentBytes, long batches) {
        policy.due(0, residentBytes, batches);
        policy.reclaimed(0, residentBytes);
    }

    private static long seconds(long seconds) {
        return TimeUnit.SECONDS.toNanos(seconds);
    }
}
