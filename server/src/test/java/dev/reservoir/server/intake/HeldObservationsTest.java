// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.memory.MemoryBudget;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeldObservationsTest {
    private static final HashedObservation FIRST = new HashedObservation(new Observation.Text("first"));
    private static final HashedObservation SECOND = new HashedObservation(new Observation.Text("second"));

    private final MemoryBudget budget = new MemoryBudget("heap", 10_000, "java -Xmx");
    private final HeldObservations held = new HeldObservations(3, budget.account("held observations"));

    @Test
    void keepsTheNewestByCount() {
        for (int i = 1; i <= 4; i++) {
            held.store("a", Integer.toString(i), FIRST, 10);
        }
        assertThatThrownBy(() -> held.get("a", "1"))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.UNKNOWN_OBSERVATION));
        assertThat(held.get("a", "2")).isSameAs(FIRST);
    }

    @Test
    void keepsTheNewestByBytes() {
        held.store("a", "1", FIRST, 4_000);
        held.store("a", "2", SECOND, 4_000);
        held.store("a", "3", SECOND, 4_000);
        assertThat(contains("a", "1")).isFalse();
        assertThat(held.get("a", "3")).isSameAs(SECOND);
    }

    @Test
    void aRepeatedIdReplaces() {
        held.store("a", "1", FIRST, 6_000);
        held.store("a", "1", SECOND, 6_000);
        assertThat(held.get("a", "1")).isSameAs(SECOND);
        assertThat(budget.usedBytes()).isBetween(6_000L, 7_000L);
    }

    @Test
    void tenantsDoNotSeeEachOther() {
        held.store("a", "1", FIRST, 20);
        assertThat(contains("b", "1")).isFalse();
    }

    @Test
    void aTenantWithFewBytesKeepsThemWhateverOthersSend() {
        held.store("small", "1", FIRST, 1_000);
        for (int i = 0; i < 200; i++) {
            held.store("flood" + i % 3, "x" + i, SECOND, 3_000);
        }
        assertThat(contains("small", "1")).isTrue();
        assertThat(budget.usedBytes()).isLessThanOrEqualTo(10_000);
    }

    @Test
    void whatNeverFitsIsNotStoredAndEvictsNothing() {
        held.store("a", "1", FIRST, 1_000);
        held.store("b", "huge", SECOND, 20_000);
        assertThat(contains("b", "huge")).isFalse();
        assertThat(contains("a", "1")).isTrue();
    }

    @Test
    void otherUsesOfTheMemoryArePutUpWith() {
        MemoryBudget.Reservation other = budget.account("examples").reserve(9_900);
        held.store("a", "1", FIRST, 1_000);
        assertThat(contains("a", "1")).isFalse();
        other.close();
        held.store("a", "1", FIRST, 1_000);
        assertThat(contains("a", "1")).isTrue();
    }

    @Test
    void aForgottenTenantsBytesAreFree() {
        held.store("a", "1", FIRST, 4_000);
        held.store("b", "1", FIRST, 4_000);
        held.forgetUnless("a", tenant -> true);
        assertThat(contains("a", "1")).isTrue();
        held.forgetUnless("a", tenant -> false);
        assertThat(contains("a", "1")).isFalse();
        assertThat(contains("b", "1")).isTrue();
        assertThat(budget.usedBytes()).isBetween(4_000L, 5_000L);
    }

    /**
     * Random histories: the bound is never exceeded, released bytes are free, and each tenant keeps its newest
     * observations.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void randomHistoriesKeepTheBound(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, List<String>> sent = new HashMap<>();
        for (int i = 0; i < 3_000; i++) {
            String tenant = "t" + random.nextInt(5);
            if (random.nextInt(20) == 0) {
                held.forgetUnless(tenant, unused -> false);
                sent.remove(tenant);
            } else {
                String id = "i" + random.nextInt(8);
                held.store(tenant, id, FIRST, random.nextInt(5_000));
                List<String> ids = sent.computeIfAbsent(tenant, unused -> new ArrayList<>());
                ids.remove(id);
                ids.add(id);
            }
            assertThat(budget.usedBytes()).isLessThanOrEqualTo(10_000);
            sent.forEach(this::isASuffixOf);
        }
        sent.keySet().forEach(tenant -> held.forgetUnless(tenant, unused -> false));
        assertThat(budget.usedBytes()).isZero();
    }

    private void isASuffixOf(String tenant, List<String> ids) {
        boolean kept = false;
        for (String id : ids) {
            boolean now = contains(tenant, id);
            assertThat(now || !kept)
                    .as("a newer one of %s is held no longer than an older", tenant)
                    .isTrue();
            kept = now;
        }
    }

    private boolean contains(String tenant, String id) {
        try {
            held.get(tenant, id);
            return true;
        } catch (Refused unknown) {
            return false;
        }
    }
}
