// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.v1.Example;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The windows of the demand series and its baseline against the file, read here a second way. */
final class DemandDataTest {

    @Test
    void baselineIsTheBestOfThreeRecomputedFromTheFile() throws IOException {
        List<String> lines = ShippedFile.lines("taylor.txt.gz");
        double[] demand = lines.stream().mapToDouble(Double::parseDouble).toArray();
        assertThat(demand).hasSize(4_032);
        double last = 0;
        double day = 0;
        double week = 0;
        int numbers = 0;
        for (int origin = 3_024; origin + 12 <= demand.length; origin++) {
            for (int step = 0; step < 12; step++, numbers++) {
                last += Math.abs(demand[origin + step] - demand[origin - 1]);
                day += Math.abs(demand[origin + step] - demand[origin + step - 48]);
                week += Math.abs(demand[origin + step] - demand[origin + step - 336]);
            }
        }
        assertThat(week).isLessThan(day);
        assertThat(day).isLessThan(last);
        Workload workload = DemandData.load();
        assertThat(workload.baseline().score()).isCloseTo(week / numbers, within(1e-6));
        assertThat(workload.baseline().name()).isEqualTo("as one week before");
        assertThat(workload.higherIsBetter()).isFalse();
        assertThat(workload.beatsBaseline(workload.baseline().score())).isFalse();
        assertThat(workload.beatsBaseline(workload.baseline().score() - 1)).isTrue();
    }

    @Test
    void neverTrainsOnATestedValue() throws IOException {
        double[] demand = ShippedFile.lines("taylor.txt.gz").stream()
                .mapToDouble(Double::parseDouble)
                .toArray();
        Workload workload = DemandData.load();
        for (int example = 0; example < workload.train().size(); example++) {
            // Example n has its targets from number 336 + n; the last one ends where the test targets begin.
            assertThat(numbers(workload.train().get(example))).isEqualTo(slice(demand, example, 348));
        }
        assertThat(workload.train().size() - 1 + 348).isEqualTo(3_024);
        for (int example = 0; example < workload.test().size(); example++) {
            assertThat(numbers(workload.test().get(example))).isEqualTo(slice(demand, 3_024 - 336 + example, 348));
        }
    }

    private static List<Double> numbers(Example example) {
        List<Double> numbers = new ArrayList<>();
        example.getObservation().getSeries().getValuesList().forEach(value -> numbers.add((double) value));
        example.getTarget().getValues().getValuesList().forEach(value -> numbers.add((double) value));
        return numbers;
    }

    private static List<Double> slice(double[] numbers, int from, int length) {
        return IntStream.range(from, from + length).mapToObj(at -> numbers[at]).toList();
    }
}
