// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class HistogramTest {
    private final Metrics metrics = new Metrics();

    @Test
    void countsUpToPowersOfTwoAsSortingDoes() {
        Histogram histogram = metrics.histogram("values", "Values.");
        SplittableRandom random = new SplittableRandom(1);
        long[] values = random.longs(1_000)
                .map(value -> value >>> random.nextInt(1, 64))
                .toArray();
        for (long value : values) {
            histogram.record(value);
        }
        for (int exponent = 0; exponent < 63; exponent++) {
            long bound = 1L << exponent;
            assertThat(histogram.countUpTo(exponent))
                    .isEqualTo(Arrays.stream(values)
                            .filter(value -> value <= bound)
                            .count());
        }
        assertThat(histogram.count()).isEqualTo(1_000);
        assertThat(histogram.sum()).isEqualTo(Arrays.stream(values).sum());
    }

    @Test
    void boundsQuantilesByPowersOfTwo() {
        Histogram histogram = metrics.histogram("values", "Values.");
        assertThat(histogram.quantileBound(0.5)).isZero();
        for (int value = 1; value <= 100; value++) {
            histogram.record(value);
        }
        assertThat(histogram.quantileBound(0)).isEqualTo(1);
        assertThat(histogram.quantileBound(0.5)).isEqualTo(64);
        assertThat(histogram.quantileBound(1)).isEqualTo(128);
        histogram.record(-5);
        assertThat(histogram.countUpTo(0)).isEqualTo(2);
    }

    @Test
    void aNameStandsForOneMetric() {
        Counter counter = metrics.counter("things_total", "Things.");
        counter.add(3);
        counter.increment();
        assertThat(counter.value()).isEqualTo(4);
        assertThatThrownBy(() -> counter.add(-1)).hasMessage("amount: -1 (expected: >= 0)");
        assertThatThrownBy(() -> metrics.counter("things_total", "Again."))
                .hasMessage("name: things_total (expected: one that is not in use)");
        assertThatThrownBy(() -> metrics.counter("Things", "")).isInstanceOf(IllegalArgumentException.class);
        metrics.gauge("a", "First.", () -> 7);
        assertThat(metrics.all()).extracting(Metrics.Metric::name).containsExactly("a", "things_total");
    }
}
