// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class CounterRandomTest {
    @Test
    void goesOnFromItsCount() {
        CounterRandom whole = new CounterRandom(7);
        for (int i = 0; i < 1_000; i++) {
            long bound = i % 3 == 0 ? Long.MAX_VALUE / 2 + 2 : 1 + i;
            CounterRandom restored = new CounterRandom(7, whole.drawn());
            assertThat(whole.nextLong(bound))
                    .isEqualTo(restored.nextLong(bound))
                    .isBetween(0L, bound - 1);
            assertThat(whole.drawn()).isEqualTo(restored.drawn());
        }
        assertThat(whole.drawn()).as("some were rejected").isGreaterThan(1_050);
    }

    @Test
    void allNumbersAreEquallyLikely() {
        for (int bound : new int[] {1, 2, 3, 7, 64, 100}) {
            int draws = 20_000 * bound;
            int[] counts = new int[bound];
            CounterRandom random = new CounterRandom(bound);
            for (int i = 0; i < draws; i++) {
                counts[(int) random.nextLong(bound)]++;
            }
            double square = 0;
            for (int count : counts) {
                square += Math.pow(count - 20_000, 2) / 20_000;
            }
            // Five standard deviations of a chi-squared variable above its mean.
            assertThat(square).isLessThan(bound - 1 + 5 * Math.sqrt(2.0 * bound));
        }
    }

    @Test
    void seedsGiveUnrelatedSequences() {
        CounterRandom one = new CounterRandom(1);
        CounterRandom next = new CounterRandom(1 + 0x9e3779b97f4a7c15L);
        int equal = 0;
        for (int i = 0; i < 1_000; i++) {
            equal += one.nextLong(1_000) == next.nextLong(1_000) ? 1 : 0;
        }
        assertThat(equal).isLessThan(10);
    }

    @Test
    void boundsBelowOneAreRefused() {
        assertThatThrownBy(() -> new CounterRandom(1).nextLong(0)).hasMessage("bound: 0 (expected: at least 1)");
    }
}
