// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.reservoir.server.store.StorageState.Kind;
import dev.reservoir.store.v1.LogRecord;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StorageTroubleTest {
    @TempDir
    private Path directory;

    private final FailingConnector connector = new FailingConnector();
    private final StoreFixture.ManualRetry retry = new StoreFixture.ManualRetry();
    private final BlockingQueue<Kind> states = new LinkedBlockingQueue<>();
    private StoreFixture.Open open;

    @BeforeEach
    void open() throws Exception {
        open = StoreFixture.Open.of(
                directory.resolve("data"),
                StoreFixture.SMALL,
                new SqliteStore.Surroundings(connector, retry, System::nanoTime));
        open.log().onState(state -> states.add(state.kind()));
        // The clean-up of the start is done, so that the next commit is the log's.
        open.checkpoints().deleteAll(new HeadId(1)).get();
    }

    private List<Object> reread() {
        open.close();
        try (StoreFixture.Open again = StoreFixture.Open.of(directory.resolve("data"))) {
            assertThat(again.store().report().damage()).isEmpty();
            return StoreFixture.read(again.store(), 1);
        }
    }

    private List<Object> append(int from, int to) {
        List<Object> records = new ArrayList<>();
        for (int i = from; i <= to; i++) {
            records.add(StoreFixture.example(1, i, "text " + i));
            open.log().append(StoreFixture.example(1, i, "text " + i));
        }
        return records;
    }

    @Test
    void aFullDiskRefusesAppendsAndGoesOnByItselfWhenThereIsRoom() throws Exception {
        connector.fullFromNowOn();
        List<Object> records = append(1, 1);
        assertThat(states.take()).isEqualTo(Kind.FULL);
        assertThatThrownBy(() -> append(2, 2))
                .isInstanceOfSatisfying(
                        StorageUnavailable.class,
                        e -> assertThat(e.state().kind()).isEqualTo(Kind.FULL))
                .hasMessageStartingWith("storage: the disk of ")
                .hasMessageEndingWith("is full (expected: room to write)");
        retry.retry();
        retry.awaitAsked();
        assertThat(open.log().durableThrough()).isZero();
        assertThat(open.log().state().kind()).isEqualTo(Kind.FULL);
        connector.room();
        retry.retry();
        assertThat(states.take()).isEqualTo(Kind.OK);
        records.addAll(append(2, 3));
        assertThat(connector.opened())
                .as("a full disk is no reason to open the database anew")
                .isEqualTo(1);
        assertThat(reread()).isEqualTo(records);
    }

    @Test
    void aDatabaseThatMayNotGrowIsFullUntilItMay() throws Exception {
        List<Connection> connections = new ArrayList<>();
        try (StoreFixture.Open limited = StoreFixture.Open.of(
                directory.resolve("limited"),
                StoreFixture.SMALL,
                new SqliteStore.Surroundings(
                        (url, config) -> {
                            Connection connection = Database.connect(url, config);
                            connections.add(connection);
                            return connection;
                        },
                        retry,
                        System::nanoTime))) {
            limited.log().onState(state -> states.add(state.kind()));
            Database.execute(connections.get(0), "PRAGMA max_page_count = 100");
            List<Object> records = new ArrayList<>();
            while (limited.log().state().kind() == Kind.OK) {
                LogRecord record = StoreFixture.example(1, records.size() + 1, "x".repeat(1_000));
                try {
                    limited.log().append(record);
                    records.add(record);
                } catch (StorageUnavailable e) {
                    assertThat(e.state().kind()).isEqualTo(Kind.FULL);
                }
            }
            assertThat(states.take()).isEqualTo(Kind.FULL);
            retry.retry();
            retry.awaitAsked();
            assertThat(limited.log().durableThrough()).isLessThan(records.size());
            Database.execute(connections.get(0), "PRAGMA max_page_count = 1000000");
            retry.retry();
            assertThat(states.take()).isEqualTo(Kind.OK);
            StoreFixture.awaitDurable(limited.store(), records.size());
            assertThat(StoreFixture.read(limited.store(), 1)).isEqualTo(records);
        }
    }

    @Test
    void aStoreOpensOnAFullDiskReadsAndGoesOnWhenThereIsRoom() throws Exception {
        List<Object> records = append(1, 5);
        StoreFixture.awaitDurable(open.store(), 5);
        Path crashed = StoreFixture.copy(directory.resolve("data"), directory.resolve("crashed"));
        connector.fullFromNowOn();
        try (StoreFixture.Open again = StoreFixture.Open.of(
                crashed, StoreFixture.SMALL, new SqliteStore.Surroundings(connector, retry, System::nanoTime))) {
            assertThat(StoreFixture.read(again.store(), 1)).isEqualTo(records);
            LogRecord next = StoreFixture.opened(1, 1);
            records.add(next);
            again.log().append(next);
            retry.awaitAsked();
            assertThat(again.log().durableThrough()).isEqualTo(5);
            connector.room();
            retry.retry();
            StoreFixture.awaitDurable(again.store(), 6);
            assertThat(StoreFixture.read(again.store(), 1)).isEqualTo(records);
        }
    }

    @Test
    void aStoreThatClosesWhileTheDiskIsFullTriesOnceMore() throws Exception {
        connector.fullFromNowOn();
        List<Object> records = append(1, 1);
        assertThat(states.take()).isEqualTo(Kind.FULL);
        connector.room();
        assertThat(reread()).isEqualTo(records);
    }

    @Test
    void aStoreThatClosesWithAFullDiskEndsWithWhatWasDurable() throws Exception {
        List<Object> durable = append(1, 5);
        StoreFixture.awaitDurable(open.store(), 5);
        connector.fullFromNowOn();
        append(6, 6);
        assertThat(states.take()).isEqualTo(Kind.FULL);
        assertThat(reread()).isEqualTo(durable);
    }

    @ParameterizedTest
    @EnumSource(
            value = FailingConnector.Fate.class,
            names = {"LOST", "DONE_BUT_FAILED"})
    void afterAFailedSyncTheDatabaseIsOpenedAnewAndEveryRecordIsThereOnce(FailingConnector.Fate fate)
            throws InterruptedException {
        List<Object> records = append(1, 5);
        StoreFixture.awaitDurable(open.store(), 5);
        int opened = connector.opened();
        connector.failNext(fate, 1);
        records.addAll(append(6, 9));
        StoreFixture.awaitDurable(open.store(), 9);
        assertThat(connector.opened()).isEqualTo(opened + 1);
        assertThat(states).as("it was never refused anything").isEmpty();
        records.addAll(append(10, 12));
        assertThat(reread()).isEqualTo(records);
    }

    @Test
    void aSecondFailureInARowStopsTrainingAndKeepsWhatWasDurable() throws InterruptedException {
        List<Object> durable = append(1, 5);
        StoreFixture.awaitDurable(open.store(), 5);
        connector.failNext(FailingConnector.Fate.LOST, 2);
        append(6, 6);
        assertThat(states.take()).isEqualTo(Kind.FAILED);
        assertThat(open.log().durableThrough()).isEqualTo(5);
        assertThatThrownBy(() -> append(7, 7))
                .isInstanceOf(StorageUnavailable.class)
                .hasMessage("storage: disk I/O error (expected: a database that can be written)");
        StoreFixture.awaitDurable(open.store(), 5);
        assertThat(open.checkpoints().deleteAll(new HeadId(1)))
                .failsWithin(Duration.ofMinutes(1))
                .withThrowableThat()
                .withCauseInstanceOf(StorageUnavailable.class);
        assertThat(StoreFixture.read(open.store(), 1)).as("reading goes on").isEqualTo(durable);
        assertThat(reread()).isEqualTo(durable);
    }

    @Test
    void aDatabaseThatCannotBeOpenedAnewStopsTraining() throws InterruptedException {
        connector.failNext(FailingConnector.Fate.LOST, 1);
        connector.cannotBeOpened();
        append(1, 1);
        assertThat(states.take()).isEqualTo(Kind.FAILED);
        assertThat(reread()).isEmpty();
    }

    @Test
    void aCheckpointThatCannotBeWrittenFailsAloneAndLeavesNothing() throws Exception {
        List<Object> records = append(1, 3);
        StoreFixture.awaitDurable(open.store(), 3);
        Checkpoints.Checkpoint checkpoint = new Checkpoints.Checkpoint(
                new HeadId(1), 3, ByteString.EMPTY, ByteString.copyFromUtf8("state"), List.of());
        connector.failNext(FailingConnector.Fate.LOST, 1);
        assertThat(open.checkpoints().write(checkpoint))
                .failsWithin(Duration.ofMinutes(1))
                .withThrowableThat()
                .withCauseInstanceOf(StorageUnavailable.class);
        assertThat(open.checkpoints().newest(new HeadId(1), 3)).isEmpty();
        open.checkpoints().write(checkpoint).get();
        assertThat(open.checkpoints().newest(new HeadId(1), 3)).isPresent();
        records.addAll(append(4, 5));
        assertThat(reread()).isEqualTo(records);
    }
}
