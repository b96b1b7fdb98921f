// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import dev.reservoir.heads.BoundedAccount;
import dev.reservoir.heads.HeadMemory;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import dev.reservoir.heads.task.Truth;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Readers on three threads that enter, follow, fork, leave and close at once, over blocks so short that every other row
 * ends one. In every round each reader gets, bit for bit, the gains of a reader that shares with nobody, so no matrix
 * was freed or overwritten under it, and nothing is left at the end.
 */
@Timeout(60)
final class SharedCovariancesConcurrencyTest {
    private static final int ROUNDS = 1_000;
    private static final int F = 3;
    private static final int ROWS = 12;
    /** Gives blocks of two rows. */
    private static final double FORGETTING = 0.2;

    private static final SharedCovariances.Key KEY =
            new SharedCovariances.Key("acme", Cases.encoder("k", F).key(), F, F, 1, FORGETTING);

    /** A reader and how far along its rows it is. */
    private static final class Walk {
        private final CovarianceReader reader;
        private final List<Row> rows;
        private final List<double[]> gains = new ArrayList<>();

        Walk(SharedCovariances covariances, List<Row> rows) {
            this.reader = new CovarianceReader(covariances, KEY);
            this.rows = rows;
        }

        /** Goes on to row {@code end}, {@code cut} rows a call. */
        Walk to(int end, int cut) {
            while (gains.size() < end) {
                List<Row> call = rows.subList(gains.size(), Math.min(end, gains.size() + cut));
                List<Digest> digests = call.stream().map(reader::digest).toList();
                for (int i = 0; i < call.size(); i++) {
                    reader.enter();
                    reader.step(call, digests, i);
                    int at = reader.at();
                    double[] gain = Arrays.copyOfRange(
                            reader.gain(), at, at + reader.settings().width() + 1);
                    gain[gain.length - 1] = reader.root();
                    gains.add(gain);
                }
                reader.trim();
            }
            return this;
        }

        double[][] gains() {
            return gains.toArray(double[][]::new);
        }
    }

    @Test
    void readersThatMoveAndCloseAtOnceSeeOnlyTheirOwnHistory() throws Exception {
        List<Row> trunk = rows(Cases.correlated(ROWS, F, 1));
        double[][] trunkAlone = alone(trunk);
        List<List<Row>> branches = new ArrayList<>();
        List<double[][]> branchesAlone = new ArrayList<>();
        for (int at = 0; at < ROWS; at++) {
            List<Row> branch = new ArrayList<>(trunk.subList(0, at));
            branch.addAll(rows(Cases.correlated(ROWS - at, F, 2 + at)));
            branches.add(branch);
            branchesAlone.add(alone(branch));
        }
        Random random = new Random(1);
        ExecutorService threads = Executors.newFixedThreadPool(3);
        BoundedAccount heap = new BoundedAccount("heap", Long.MAX_VALUE);
        BoundedAccount outside = new BoundedAccount("native", Long.MAX_VALUE);
        try (SharedCovariances covariances =
                new SharedCovariances(new HeadMemory(heap, outside), Learners.randomKey())) {
            NDManager memory = memory(covariances);
            for (int round = 0; round < ROUNDS; round++) {
                int at = random.nextInt(ROWS);
                int[] cuts = random.ints(3, 1, 4).toArray();
                Walk left = new Walk(covariances, trunk).to(at, 2);
                Walk follower = new Walk(covariances, trunk).to(random.nextInt(at + 1), 2);
                Walk forking = new Walk(covariances, branches.get(at)).to(at, 2);
                CyclicBarrier together = new CyclicBarrier(3);
                Callable<double[][]> follow = () -> {
                    together.await();
                    left.reader.close();
                    double[][] gains = follower.to(ROWS, cuts[0]).gains();
                    follower.reader.close();
                    return gains;
                };
                Callable<double[][]> fork = () -> {
                    together.await();
                    double[][] gains = forking.to(ROWS, cuts[1]).gains();
                    forking.reader.close();
                    return gains;
                };
                Callable<double[][]> enter = () -> {
                    together.await();
                    left.reader.close();
                    Walk entering = new Walk(covariances, trunk).to(ROWS, cuts[2]);
                    entering.reader.close();
                    return entering.gains();
                };
                List<Future<double[][]>> seen = threads.invokeAll(List.of(follow, fork, enter));
                assertThat(seen.get(0).get()).as("round %d", round).isDeepEqualTo(trunkAlone);
                assertThat(seen.get(1).get()).as("round %d", round).isDeepEqualTo(branchesAlone.get(at));
                assertThat(seen.get(2).get()).as("round %d", round).isDeepEqualTo(trunkAlone);
                assertThat(covariances.matrices()).as("round %d", round).isZero();
                assertThat(covariances.families()).as("round %d", round).isZero();
                assertThat(memory.getManagedArrays()).as("round %d", round).isEmpty();
                assertThat(heap.used() + outside.used()).as("round %d", round).isZero();
            }
        } finally {
            threads.shutdown();
        }
    }

    /** What owns the matrices, those that no block ever had included. */
    private static NDManager memory(SharedCovariances covariances) {
        try (CovarianceReader reader = new CovarianceReader(covariances, KEY)) {
            return covariances.begin(reader).base.products().manager();
        }
    }

    private static double[][] alone(List<Row> rows) {
        try (SharedCovariances covariances = new SharedCovariances(HeadMemory.UNLIMITED, Learners.randomKey())) {
            Walk walk = new Walk(covariances, rows);
            try (CovarianceReader reader = walk.reader) {
                assertThat(reader.settings().block()).isEqualTo(2);
                return walk.to(ROWS, 1).gains();
            }
        }
    }

    private static List<Row> rows(float[][] features) {
        Truth none = new Truth(0, true, 1, 1, null, new float[] {0}, null);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < features.length; i++) {
            rows.add(new Row(features[i], 0, i, none));
        }
        return rows;
    }
}
