// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class AdmittedObservationTest {
    private static final Observation ONE = new Observation.Tensor(new float[] {1}, 1);

    /** A reader that counts what it decodes, and may fail instead. */
    private static final class CountingReader implements ObservationReader {
        private final Supplier<ObservationRows> rows;
        private final AtomicInteger reads = new AtomicInteger();

        CountingReader(Supplier<ObservationRows> rows) {
            this.rows = rows;
        }

        @Override
        public int rowWidth() {
            return 1;
        }

        @Override
        public int maxRows() {
            return 1;
        }

        @Override
        public double rowNorm() {
            return 1;
        }

        @Override
        public AdmittedObservation admit(Observation observation) {
            return new AdmittedObservation(this, observation, 1);
        }

        @Override
        public ObservationRows read(Observation observation) {
            reads.incrementAndGet();
            return rows.get();
        }
    }

    @Test
    void isDecodedOnceByWhicheverThreadNeedsItFirst() throws Exception {
        int threads = 8;
        CyclicBarrier together = new CyclicBarrier(threads);
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            for (int round = 0; round < 100; round++) {
                CountingReader reader = new CountingReader(() -> ObservationRows.dense(1, new float[] {1}));
                AdmittedObservation admitted = reader.admit(ONE);
                assertThat(reader.reads).as("decoded before it is needed").hasValue(0);
                List<Future<ObservationRows>> read = new ArrayList<>();
                for (int i = 0; i < threads; i++) {
                    read.add(executor.submit(() -> {
                        together.await();
                        return admitted.rows();
                    }));
                }
                for (Future<ObservationRows> rows : read) {
                    assertThat(rows.get()).isSameAs(admitted.rows());
                }
                assertThat(reader.reads).hasValue(1);
            }
        } finally {
            executor.shutdown();
        }
    }

    @Test
    void aMalformedObservationIsDecodedOnceAndRefusedAlike() {
        CountingReader reader = new CountingReader(() -> {
            throw new Refused(Reason.INVALID_OBSERVATION, "observation: malformed");
        });
        AdmittedObservation admitted = reader.admit(ONE);
        Throwable first = catchThrowable(admitted::rows);
        assertThat(first).isInstanceOf(Refused.class).hasMessage("observation: malformed");
        assertThatThrownBy(admitted::rows).isSameAs(first);
        assertThat(reader.reads).hasValue(1);
    }

    @Test
    void whatFailedForWantOfMemoryIsTriedAgain() {
        AtomicInteger failures = new AtomicInteger(1);
        CountingReader reader = new CountingReader(() -> {
            if (failures.getAndDecrement() > 0) {
                throw new OutOfMemoryError("as a test wants it");
            }
            return ObservationRows.dense(1, new float[] {1});
        });
        AdmittedObservation admitted = reader.admit(ONE);
        assertThatThrownBy(admitted::rows).isInstanceOf(OutOfMemoryError.class);
        assertThat(admitted.rows().values()).containsExactly(1);
        assertThat(reader.reads).hasValue(2);
    }

    @Test
    void noTokensAreRefused() {
        assertThatThrownBy(() -> new AdmittedObservation(new CountingReader(() -> null), ONE, 0))
                .hasMessage("tokens: 0 (expected: at least 1)");
    }
}
