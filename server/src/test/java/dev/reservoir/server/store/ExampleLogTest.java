// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.store.v1.LogRecord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExampleLogTest {
    @TempDir
    private Path directory;

    private StoreFixture.Open open() {
        return StoreFixture.Open.of(directory.resolve("data"));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void aRandomHistoryReadsBackAsAppendedWhateverIsTrimmedAndReopened(long seed) throws InterruptedException {
        Random random = new Random(seed);
        List<LogRecord> oracle = new ArrayList<>();
        StoreFixture.Open open = open();
        try {
            for (int step = 0; step < 60; step++) {
                switch (random.nextInt(6)) {
                    case 0 -> {
                        open.close();
                        open = open();
                        assertThat(open.store().report().damage()).isEmpty();
                        assertThat(open.log().durableThrough()).isEqualTo(oracle.size());
                    }
                    case 1 -> open.log().trim(random.nextInt(oracle.size() + 2));
                    default -> {
                        for (int i = random.nextInt(30); i >= 0; i--) {
                            LogRecord record = StoreFixture.random(random, oracle.size() + 1);
                            oracle.add(record);
                            assertThat(open.log().append(record)).isEqualTo(oracle.size());
                        }
                    }
                }
                if (random.nextInt(3) == 0) {
                    StoreFixture.awaitDurable(open.store(), oracle.size());
                    long from = oracle.size() + 1;
                    long begin = open.log().begin();
                    if (begin <= oracle.size()) {
                        from = begin + random.nextInt((int) (oracle.size() - begin + 1));
                    }
                    readsBackOrWasTrimmed(open, from, oracle);
                }
            }
        } finally {
            open.close();
        }
    }

    /** Trimming goes on while the log is read; what it takes away is no damage. */
    private static void readsBackOrWasTrimmed(StoreFixture.Open open, long from, List<LogRecord> oracle) {
        List<Object> read;
        try {
            read = StoreFixture.read(open.store(), from);
        } catch (IllegalArgumentException trimmed) {
            assertThat(trimmed).hasMessageContaining("the first that is kept");
            return;
        }
        assertThat(read).isEqualTo(oracle.subList((int) from - 1, oracle.size()));
    }

    @Test
    void whatWasAppendedFromManyThreadsIsDurableInTheOrderOfItsOffsets() throws InterruptedException {
        int threads = 8;
        int each = 200;
        List<Long> called = Collections.synchronizedList(new ArrayList<>());
        try (StoreFixture.Open open = open()) {
            List<Thread> writers = new ArrayList<>();
            for (int t = 1; t <= threads; t++) {
                long head = t;
                writers.add(new Thread(() -> {
                    for (int i = 1; i <= each; i++) {
                        long offset = open.log().append(StoreFixture.example(head, i, "text"));
                        open.log().whenDurable(offset, () -> {
                            assertThat(open.log().durableThrough()).isGreaterThanOrEqualTo(offset);
                            called.add(offset);
                        });
                    }
                }));
            }
            writers.forEach(Thread::start);
            for (Thread writer : writers) {
                writer.join();
            }
            StoreFixture.awaitDurable(open.store(), (long) threads * each);
            assertThat(called)
                    .containsExactlyInAnyOrderElementsOf(LongStream.rangeClosed(1, (long) threads * each)
                            .boxed()
                            .toList());
            long[] next = new long[threads + 1];
            for (Object read : StoreFixture.read(open.store(), 1)) {
                LogRecord record = (LogRecord) read;
                assertThat(record.getExample().getSequence()).isEqualTo(++next[(int) record.getHeadId()]);
            }
        }
    }

    @Test
    void callbacksRunInTheOrderOfTheirOffsetsAndNotAfterTheyAreCancelled() throws InterruptedException {
        StoreFixture.ManualRetry retry = new StoreFixture.ManualRetry();
        FailingConnector connector = new FailingConnector();
        try (StoreFixture.Open open = StoreFixture.Open.of(
                directory.resolve("data"),
                StoreFixture.SMALL,
                new SqliteStore.Surroundings(connector, retry, System::nanoTime))) {
            connector.fullFromNowOn();
            List<Integer> called = Collections.synchronizedList(new ArrayList<>());
            open.log().append(StoreFixture.opened(1, 1));
            open.log().whenDurable(1, () -> called.add(1));
            open.log().whenDurable(2, () -> called.add(4));
            open.log().whenDurable(0, () -> called.add(0));
            Subscription cancelled = open.log().whenDurable(1, () -> called.add(-1));
            open.log().whenDurable(1, () -> {
                called.add(2);
                throw new IllegalStateException("must not keep the next one from being called");
            });
            open.log().whenDurable(1, () -> called.add(3));
            cancelled.close();
            retry.awaitAsked();
            connector.room();
            retry.retry();
            StoreFixture.awaitDurable(open.store(), 1);
            assertThat(called).isEqualTo(List.of(0, 1, 2, 3));
            open.log().append(StoreFixture.opened(1, 2));
            StoreFixture.awaitDurable(open.store(), 2);
            assertThat(called).isEqualTo(List.of(0, 1, 2, 3, 4));
        }
    }

    @Test
    void appendingWaitsWhileTooManyBytesArePendingAndGoesOnWhenTheyAreWritten() throws InterruptedException {
        int records = 400;
        try (StoreFixture.Open open = StoreFixture.Open.of(directory.resolve("data"), new StoreSettings(500, 300, 1))) {
            for (int i = 1; i <= records; i++) {
                open.log().append(StoreFixture.example(1, i, "a text that takes some bytes"));
            }
            LogRecord large = StoreFixture.example(1, records + 1, "x".repeat(5_000));
            assertThat(open.log().append(large)).isEqualTo(records + 1);
            StoreFixture.awaitDurable(open.store(), records + 1);
            assertThat(StoreFixture.read(open.store(), records + 1)).isEqualTo(List.of(large));
        }
    }

    @Test
    void closingWritesWhatIsPending() {
        List<Object> records = new ArrayList<>();
        try (StoreFixture.Open open = open()) {
            for (int i = 1; i <= 500; i++) {
                LogRecord record = StoreFixture.example(1, i, "text " + i);
                open.log().append(record);
                records.add(record);
            }
        }
        try (StoreFixture.Open open = open()) {
            assertThat(StoreFixture.read(open.store(), 1)).isEqualTo(records);
        }
    }

    @Test
    void aClosedStoreTakesNothing() {
        StoreFixture.Open open = open();
        open.close();
        assertThatThrownBy(() -> open.log().append(StoreFixture.opened(1, 1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("store: closed (expected: open)");
    }

    @Test
    void aRecordWithoutHeadOrEventIsADefect() {
        try (StoreFixture.Open open = open()) {
            assertThatThrownBy(() -> open.log().append(LogRecord.getDefaultInstance()))
                    .hasMessage("record: of head 0 with event EVENT_NOT_SET (expected: a head and an event)");
        }
    }

    @Test
    void trimmedRecordsCannotBeReadAndTheRestCan() throws InterruptedException {
        try (StoreFixture.Open open = open()) {
            for (int i = 1; i <= 300; i++) {
                StoreFixture.appendDurably(open.store(), List.of(StoreFixture.example(1, i, "text " + i)));
            }
            CountDownLatch trimmed = new CountDownLatch(1);
            open.log().trim(200);
            open.checkpoints().deleteAll(new HeadId(9)).thenRun(trimmed::countDown);
            trimmed.await();
            assertThat(open.log().begin()).isEqualTo(200);
            assertThat(StoreFixture.read(open.store(), 200)).hasSize(101);
            assertThatThrownBy(() -> StoreFixture.read(open.store(), 199))
                    .hasMessage("offset: 199 (expected: >= 200, the first that is kept)");
        }
        try (StoreFixture.Open open = open()) {
            assertThat(open.log().begin()).isEqualTo(200);
            assertThat(open.store().report().records()).isEqualTo(101);
            assertThat(open.store().report().damage()).isEmpty();
            assertThat(open.log().append(StoreFixture.opened(1, 1))).isEqualTo(301);
        }
    }
}
