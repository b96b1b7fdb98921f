// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dev.reservoir.heads.HeadMemory;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import dev.reservoir.heads.task.Truth;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Native memory that runs out at any place of the work on an inverse covariance, in place or on a copy: the call that
 * fails can be repeated, then continues where it stopped, and neither numbers nor memory show that it had failed.
 */
@Timeout(120)
final class AllocationFailureTest {
    /** Gives blocks of two rows, after each of which columns that are not excited have to be bounded. */
    private static final double FORGETTING = 0.2;
    /** So many that the first row fades and the centre moves away from it. */
    private static final int ROWS = 9;

    /** What a reader sees at a row, and the native arrays that are left after it. */
    private record Seen(double[] gain, double root, boolean moved, int arrays) {
        boolean sameAs(Seen other) {
            return Arrays.equals(gain, other.gain)
                    && Double.doubleToLongBits(root) == Double.doubleToLongBits(other.root)
                    && moved == other.moved
                    && arrays == other.arrays;
        }
    }

    @ParameterizedTest
    @CsvSource({"260, 1, 1009", "260, 2, 1009"})
    void aCallThatFailsMidwayContinuesWhereItStopped(int features, int readers, int stride) {
        List<Row> rows = rows(features);
        try (SharedCovariances covariances = new SharedCovariances(HeadMemory.UNLIMITED, Learners.randomKey())) {
            List<Seen> sound = walk(covariances, rows, readers, Integer.MAX_VALUE);
            assertThat(sound).anyMatch(Seen::moved);
            int failing = 0;
            List<Seen> seen = walk(covariances, rows, readers, failing);
            while (seen != null) {
                for (int i = 0; i < sound.size(); i++) {
                    assertThat(seen.get(i).sameAs(sound.get(i)))
                            .as("array %d, step %d: %s (expected: %s)", failing, i, seen.get(i), sound.get(i))
                            .isTrue();
                }
                failing += stride;
                seen = walk(covariances, rows, readers, failing);
            }
            assertThat(failing).isGreaterThan(5 * stride);
        }
    }

    @Test
    void aSubtractionThatFailsAtAnyArrayIsContinuedByTheNextCall() {
        int size = 300;
        int width = SymmetricMatrix.width(size);
        double[] g = new Random(1).doubles(2L * width).toArray();
        try (NDManager memory = NDManager.newBaseManager(Device.cpu())) {
            double[] sound = subtracted(memory, size, g, new FailingAllocations(Integer.MAX_VALUE));
            int failing = 0;
            FailingAllocations allocations;
            do {
                allocations = new FailingAllocations(failing);
                assertThat(subtracted(memory, size, g, allocations))
                        .as("array %d", failing)
                        .isEqualTo(sound);
                assertThat(memory.getManagedArrays()).isEmpty();
                failing++;
            } while (allocations.failed());
            assertThat(failing).isGreaterThan(8);
        }
    }

    private static double[] subtracted(NDManager memory, int size, double[] g, FailingAllocations failing) {
        int width = SymmetricMatrix.width(size);
        double[] values = new double[width * width];
        try (SymmetricMatrix matrix = SymmetricMatrix.of(memory, size, 1)) {
            failing.during(() -> {
                matrix.subtractSquare(g, 2, 3);
                return g;
            });
            for (int i = 0; i < width; i++) {
                matrix.row(i, values, i * width);
            }
        }
        return values;
    }

    /**
     * Walks over all rows with readers side by side; a step that fails is repeated. With one reader matrices are
     * updated in place, with two the first one works on a copy.
     *
     * @param sound native arrays that are created before one fails
     * @return null if none failed though one should have
     */
    private static @Nullable List<Seen> walk(SharedCovariances covariances, List<Row> rows, int readers, int sound) {
        int features = rows.get(0).values().length;
        SharedCovariances.Key key = new SharedCovariances.Key(
                "acme", Cases.encoder("k", features).key(), features, features, 1, FORGETTING);
        List<CovarianceReader> walking = new ArrayList<>();
        for (int i = 0; i < readers; i++) {
            walking.add(new CovarianceReader(covariances, key));
        }
        NDManager memory = covariances.begin(walking.get(0)).base.products().manager();
        List<Seen> seen = new ArrayList<>();
        FailingAllocations failing = new FailingAllocations(sound);
        for (Row row : rows) {
            for (CovarianceReader reader : walking) {
                seen.add(step(reader, row, failing, memory));
            }
        }
        walking.forEach(CovarianceReader::close);
        assertThat(covariances.matrices()).isZero();
        assertThat(memory.getManagedArrays()).isEmpty();
        return failing.failed() || sound == Integer.MAX_VALUE ? seen : null;
    }

    /** Steps past a row; what fails is repeated. */
    private static Seen step(CovarianceReader reader, Row row, FailingAllocations failing, NDManager memory) {
        boolean moved = failing.during(() -> reader.enter() != null);
        List<Row> rows = List.of(row);
        List<Digest> digests = List.of(reader.digest(row));
        failing.during(() -> {
            reader.step(rows, digests, 0);
            return row;
        });
        int at = reader.at();
        double[] gain =
                Arrays.copyOfRange(reader.gain(), at, at + reader.settings().width());
        reader.trim();
        return new Seen(gain, reader.root(), moved, memory.getManagedArrays().size());
    }

    /** Rows far from the first one, so that the centre moves. */
    private static List<Row> rows(int features) {
        Truth none = new Truth(0, true, 1, 1, null, new float[] {0}, null);
        List<Row> rows = new ArrayList<>();
        float[][] x = Cases.correlated(ROWS, features, 1);
        for (int i = 0; i < ROWS; i++) {
            for (int j = 0; j < features; j++) {
                x[i][j] += i == 0 ? 0 : 100;
            }
            rows.add(new Row(x[i], 0, i, none));
        }
        return rows;
    }
}
