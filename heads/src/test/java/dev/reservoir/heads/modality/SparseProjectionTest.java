// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class SparseProjectionTest {
    @Test
    void eachCoordinateHasOneNonzeroInEachBlock() {
        SparseProjection projection = new SparseProjection(10_000, 1_022);
        for (int i = 0; i < 10_000; i++) {
            float[] row = new float[1_022];
            projection.add(i, 1, row, 0);
            for (int block = 0; block < 4; block++) {
                double sum = 0;
                for (int j = block * 255; j < (block + 1) * 255; j++) {
                    sum += Math.abs(row[j]);
                }
                assertThat(sum).isEqualTo(0.5);
            }
        }
    }

    @Test
    void keepsDistancesWithinTheTheoreticalDeviation() {
        int out = 2_048;
        SparseProjection projection = new SparseProjection(6_000, out);
        double mean = 0;
        double worst = 0;
        int trials = 100;
        for (int trial = 0; trial < trials; trial++) {
            float[] input = Fixtures.gaussian(trial, 6_000);
            float[] output = new float[out];
            for (int i = 0; i < input.length; i++) {
                projection.add(i, input[i], output, 0);
            }
            double ratio = Math.pow(Fixtures.norm(output, 0, out) / Fixtures.norm(input, 0, 6_000), 2);
            mean += ratio / trials;
            worst = Math.max(worst, Math.abs(ratio - 1));
        }
        double deviation = Math.sqrt(2.0 / out);
        assertThat(mean).isCloseTo(1, within(deviation));
        assertThat(worst).isLessThan(5 * deviation);
    }

    @Test
    void keepsInnerProductsOfDifferentVectors() {
        int out = 1_024;
        SparseProjection projection = new SparseProjection(3_000, out);
        float[] left = Fixtures.gaussian(1, 3_000);
        float[] right = Fixtures.gaussian(2, 3_000);
        float[] imageLeft = new float[out];
        float[] imageRight = new float[out];
        double product = 0;
        for (int i = 0; i < left.length; i++) {
            right[i] += left[i];
            product += left[i] * right[i];
            projection.add(i, left[i], imageLeft, 0);
            projection.add(i, right[i], imageRight, 0);
        }
        double imageProduct = 0;
        for (int j = 0; j < out; j++) {
            imageProduct += imageLeft[j] * imageRight[j];
        }
        assertThat(imageProduct / product).isCloseTo(1, within(0.2));
    }

    @Test
    void spreadsCoordinatesEvenlyWithBothSigns() {
        int out = 400;
        SparseProjection projection = new SparseProjection(40_000, out);
        float[] absolute = new float[out];
        float[] signed = new float[out];
        for (int i = 0; i < 40_000; i++) {
            float[] row = new float[out];
            projection.add(i, 2, row, 0);
            for (int j = 0; j < out; j++) {
                absolute[j] += Math.abs(row[j]);
                signed[j] += row[j];
            }
        }
        for (int j = 0; j < out; j++) {
            // Binomial around 400 hits: six deviations.
            assertThat((double) absolute[j]).isCloseTo(400, within(120.0));
            assertThat((double) signed[j]).isCloseTo(0, within(120.0));
        }
    }

    @Test
    void numbersAreTheSameOnEveryMachine() {
        float[] output = new float[64];
        SparseProjection projection = new SparseProjection(1_000, 64);
        for (int i = 0; i < 1_000; i++) {
            projection.add(i, i, output, 0);
        }
        assertThat(java.util.Arrays.hashCode(output)).isEqualTo(HASH);
    }

    /** Of the image of 0, 1, 2 ... 999 in 64 dimensions, once computed. */
    private static final int HASH = 1198757889;
}
