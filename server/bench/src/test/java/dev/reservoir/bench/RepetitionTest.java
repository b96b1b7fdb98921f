// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class RepetitionTest {
    @Test
    void takesTheMedianOfWhatFitsAndNotTheFirst() {
        long[] now = {0};
        Queue<Long> times = new ArrayDeque<>(List.of(9_000_000L, 300_000L, 100_000L, 200_000L, 400_000L, 7L));
        // A millisecond holds four runs, for the fourth begins before it is over.
        long median = new Repetition(() -> now[0]).medianNanos(1, () -> {
            long time = times.remove();
            now[0] += time;
            return time;
        });

        assertThat(median).isEqualTo(250_000);
        assertThat(times).containsExactly(7L);
    }

    @Test
    void runsThreeTimesHoweverLongThatTakes() {
        long[] now = {0};
        int[] runs = {0};
        long median = new Repetition(() -> now[0]).medianNanosOf(1, () -> {
            runs[0]++;
            now[0] += 1_000_000_000L * runs[0];
        });

        assertThat(runs[0]).isEqualTo(4);
        assertThat(median).isEqualTo(3_000_000_000L);
    }
}
