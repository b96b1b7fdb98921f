// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OrthogonalProjectionTest {
    @ParameterizedTest
    @CsvSource({"1,32", "16,384", "48,48", "100,24", "384,256", "1024,64"})
    void rowsOrColumnsAreOrthonormal(int in, int out) {
        double[][] weights = weights(new OrthogonalProjection(in, out));
        int count = Math.min(in, out);
        int length = Math.max(in, out);
        for (int a = 0; a < count; a++) {
            for (int b = a; b < count; b++) {
                double product = 0;
                for (int k = 0; k < length; k++) {
                    product += in <= out ? weights[a][k] * weights[b][k] : weights[k][a] * weights[k][b];
                }
                assertThat(product).isCloseTo(a == b ? 1 : 0, within(1e-6));
            }
        }
    }

    @Test
    void numbersAreTheSameOnEveryMachine() {
        OrthogonalProjection projection = new OrthogonalProjection(40, 20);
        int hash = 1;
        for (double[] row : weights(projection)) {
            for (double weight : row) {
                hash = 31 * hash + Float.floatToIntBits((float) weight);
            }
        }
        assertThat(hash).isEqualTo(HASH);
    }

    /** Of the bits of all weights of {@code 40 x 20}, once computed. */
    private static final int HASH = -534402209;

    @Test
    void addsToWhatIsThere() {
        OrthogonalProjection projection = new OrthogonalProjection(4, 8);
        float[] target = new float[10];
        Arrays.fill(target, 1);
        projection.add(2, 3, target, 1);
        double[] row = weights(projection)[2];
        assertThat(target[0]).isEqualTo(1);
        assertThat(target[9]).isEqualTo(1);
        for (int j = 0; j < 8; j++) {
            assertThat((double) target[1 + j]).isCloseTo(1 + 3 * row[j], within(1e-6));
        }
    }

    @Test
    void meanGainIsTheShareOfLengthThatRemains() {
        OrthogonalProjection projection = new OrthogonalProjection(400, 100);
        double squares = 0;
        for (int trial = 0; trial < 50; trial++) {
            float[] input = Fixtures.gaussian(trial, 400);
            float[] output = new float[100];
            for (int i = 0; i < 400; i++) {
                projection.add(i, input[i], output, 0);
            }
            squares += Math.pow(Fixtures.norm(output, 0, 100) / Fixtures.norm(input, 0, 400), 2);
        }
        assertThat(Math.sqrt(squares / 50)).isCloseTo(projection.meanGain(), within(0.02));
    }

    private static double[][] weights(Projection projection) {
        double[][] weights = new double[projection.in()][projection.out()];
        for (int i = 0; i < projection.in(); i++) {
            float[] row = new float[projection.out()];
            projection.add(i, 1, row, 0);
            for (int j = 0; j < row.length; j++) {
                weights[i][j] = row[j];
            }
        }
        return weights;
    }
}
