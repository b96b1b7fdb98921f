// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
    private final MemoryBudget budget = new MemoryBudget("heap", 100, "java -Xmx");
    private final MemoryBudget.Account examples = budget.account("examples");
    private final MemoryBudget.Account held = budget.account("held observations", 40);

    @Test
    void bytesAreReservedUntilTheReservationIsClosed() {
        MemoryBudget.Reservation one = examples.reserve(60);
        MemoryBudget.Reservation two = held.reserve(40);
        assertThat(budget.usedBytes()).isEqualTo(100);
        one.close();
        assertThat(budget.usedBytes()).isEqualTo(40);
        assertThat(held.usedBytes()).isEqualTo(40);
        two.close();
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void closingTwiceGivesBackOnce() {
        MemoryBudget.Reservation one = examples.reserve(60);
        MemoryBudget.Reservation two = examples.reserve(30);
        one.close();
        one.close();
        assertThat(examples.usedBytes()).isEqualTo(30);
        assertThat(one.bytes()).isZero();
        assertThat(two.bytes()).isEqualTo(30);
    }

    @Test
    void refusesBeyondTheBudgetByName() {
        held.reserve(30);
        assertThatThrownBy(() -> examples.reserve(71))
                .asInstanceOf(type(Refused.class))
                .satisfies(refused -> {
                    assertThat(refused.reason()).isEqualTo(Reason.MEMORY_LIMIT);
                    assertThat(refused)
                            .hasMessage("examples: 71 bytes more (expected: at most 70, what is left of 100 bytes of"
                                    + " heap, which java -Xmx sets)");
                    assertThat(refused.metadata())
                            .containsEntry("owner", "examples")
                            .containsEntry("memory", "heap")
                            .containsEntry("bytes", "71")
                            .containsEntry("bytes_left", "70")
                            .containsEntry("limit", "100")
                            .containsEntry("setting", "java -Xmx");
                });
        assertThat(budget.usedBytes()).isEqualTo(30);
    }

    @Test
    void refusesBeyondTheAccountWhileTheBudgetHasBytesLeft() {
        held.reserve(40);
        assertThatThrownBy(() -> held.reserve(1))
                .hasMessage(
                        "held observations: 1 bytes more (expected: at most 0, what is left of 40 bytes of heap, which"
                                + " java -Xmx sets)");
        assertThat(held.tryReserve(1)).isNull();
        assertThat(examples.tryReserve(60)).isNotNull();
    }

    @Test
    void anAccountNeverReservesMoreThanTheBudget() {
        assertThat(budget.account("large", 1_000).limitBytes()).isEqualTo(100);
    }

    @Test
    void refusedGrowthLeavesTheReservationAsItWas() {
        MemoryBudget.Reservation growing = examples.reserve(0);
        growing.grow(90);
        assertThatThrownBy(() -> growing.grow(11)).isInstanceOf(Refused.class);
        assertThat(growing.bytes()).isEqualTo(90);
        growing.grow(10);
        growing.close();
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void resizingReservesOrGivesBackTheDifference() {
        MemoryBudget.Reservation one = examples.reserve(10);
        one.resize(90);
        assertThat(budget.usedBytes()).isEqualTo(90);
        assertThatThrownBy(() -> one.resize(101)).hasMessageStartingWith("examples: 11 bytes more");
        assertThat(one.bytes()).isEqualTo(90);
        one.resize(5);
        assertThat(budget.usedBytes()).isEqualTo(5);
        one.close();
        one.resize(0);
        assertThat(budget.usedBytes()).isZero();
        assertThatIllegalStateException().isThrownBy(() -> one.resize(1));
    }

    @Test
    void sizesNearTheLargestLongAreRefusedNotWrappedAround() {
        MemoryBudget.Reservation growing = examples.reserve(1);
        assertThatThrownBy(() -> growing.grow(Long.MAX_VALUE)).isInstanceOf(Refused.class);
        assertThat(budget.usedBytes()).isEqualTo(1);
    }

    @Test
    void reportsTheBytesOfEachOwner() {
        examples.reserve(7);
        held.reserve(3);
        assertThat(budget.usage())
                .containsExactly(
                        new MemoryBudget.Usage("examples", 7, 100), new MemoryBudget.Usage("held observations", 3, 40));
    }

    @Test
    void misuseIsADefect() {
        assertThatIllegalArgumentException().isThrownBy(() -> examples.reserve(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> new MemoryBudget("heap", -1, "java -Xmx"));
        MemoryBudget.Reservation closed = examples.reserve(1);
        closed.close();
        assertThatIllegalStateException().isThrownBy(() -> closed.grow(1));
    }

    @Test
    void threadsThatReserveAndCloseLeaveNothingBehind() throws Exception {
        int threads = 4;
        CountDownLatch start = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                Random random = new Random(t);
                MemoryBudget.Account account = t % 2 == 0 ? examples : held;
                runs.add(pool.submit(() -> {
                    start.await();
                    for (int i = 0; i < 20_000; i++) {
                        MemoryBudget.Reservation reservation = account.tryReserve(random.nextInt(50));
                        if (reservation != null) {
                            reservation.close();
                            reservation.close();
                        }
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> run : runs) {
                run.get();
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(budget.usedBytes()).isZero();
        assertThat(examples.usedBytes()).isZero();
        assertThat(held.usedBytes()).isZero();
    }
}
