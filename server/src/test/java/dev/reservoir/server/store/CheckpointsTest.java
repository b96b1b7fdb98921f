// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.reservoir.server.store.Checkpoints.Checkpoint;
import dev.reservoir.server.store.Checkpoints.SharedPart;
import dev.reservoir.server.store.Checkpoints.Summary;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointsTest {
    private static final int CHUNK = CheckpointTables.CHUNK_BYTES;

    @TempDir
    private Path directory;

    private StoreFixture.Open open;

    @BeforeEach
    void open() {
        open = StoreFixture.Open.of(directory.resolve("data"));
    }

    @AfterEach
    void close() {
        open.close();
    }

    private void reopen() {
        open.close();
        open();
    }

    private static Checkpoint checkpoint(long head, long offset, ByteString state, SharedPart... parts) {
        return new Checkpoint(
                new HeadId(head), offset, ByteString.copyFromUtf8(head + "@" + offset), state, List.of(parts));
    }

    private void append(int records) {
        for (int i = 0; i < records; i++) {
            open.log().append(StoreFixture.opened(1, i));
        }
    }

    private long number(String query) {
        try (Connection connection =
                        DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("data/reservoir.db"));
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void change(String statement) {
        try (Connection connection =
                        DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("data/reservoir.db"));
                Statement update = connection.createStatement()) {
            assertThat(update.executeUpdate(statement)).isPositive();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5 * CHUNK + 17})
    void aStateOfAnySizeIsReadBackToTheByte(int size) throws Exception {
        ByteString state = StoreFixture.bytes(new Random(size), size);
        append(1);
        open.checkpoints().write(checkpoint(1, 1, state)).get();
        reopen();
        assertThat(open.checkpoints().newest(new HeadId(1), 1).orElseThrow().state())
                .isEqualTo(state);
        assertThat(open.checkpoints().list(new HeadId(1)))
                .containsExactly(new Summary(new HeadId(1), 1, ByteString.copyFromUtf8("1@1"), size, List.of()));
    }

    @Test
    void aCheckpointIsThereOnlyOnceItsOffsetIsDurable() throws Exception {
        open.close();
        FailingConnector connector = new FailingConnector();
        StoreFixture.ManualRetry retry = new StoreFixture.ManualRetry();
        open = StoreFixture.Open.of(
                directory.resolve("data"),
                StoreFixture.SMALL,
                new SqliteStore.Surroundings(connector, retry, System::nanoTime));
        assertThatThrownBy(() -> open.checkpoints().write(checkpoint(1, 1, ByteString.EMPTY)))
                .hasMessage("offset: 1 (expected: at most 0, the last that was appended)");
        connector.fullFromNowOn();
        append(1);
        CompletableFuture<Void> written = open.checkpoints().write(checkpoint(1, 1, ByteString.EMPTY));
        retry.awaitAsked();
        assertThat(written).isNotDone();
        assertThat(open.checkpoints().newest(new HeadId(1), 1)).isEmpty();
        connector.room();
        retry.retry();
        written.get();
        assertThat(open.log().durableThrough()).isEqualTo(1);
        assertThat(open.checkpoints().newest(new HeadId(1), 1)).isPresent();
    }

    @Test
    void aSharedPartIsWrittenOnceAndFreedWithTheLastCheckpointThatNamesIt() throws Exception {
        ByteString bytes = StoreFixture.bytes(new Random(1), 2 * CHUNK);
        SharedPart part = new SharedPart("sha256:ab", bytes);
        append(1);
        for (long head = 1; head <= 3; head++) {
            open.checkpoints()
                    .write(checkpoint(head, 1, ByteString.copyFromUtf8("s" + head), part))
                    .get();
        }
        assertThat(number("SELECT count(*) FROM chunk")).isEqualTo(3 + 2);
        open.checkpoints().deleteAll(new HeadId(1)).get();
        open.checkpoints().deleteAll(new HeadId(2)).get();
        reopen();
        assertThat(open.checkpoints().sharedPart("sha256:ab")).contains(bytes);
        open.checkpoints().delete(new HeadId(3), 1).get();
        assertThat(open.checkpoints().sharedPart("sha256:ab")).isEmpty();
        // Its bytes go in the background; a job that is added afterwards ends after that.
        open.checkpoints().deleteAll(new HeadId(9)).get();
        open.checkpoints().deleteAll(new HeadId(9)).get();
        assertThat(number("SELECT count(*) FROM chunk")).isZero();
        assertThat(number("SELECT count(*) FROM open_blob")).isZero();
    }

    @Test
    void theNewestSoundOneIsReadAndDamagedOnesAreSkipped() throws Exception {
        append(9);
        for (long offset : new long[] {3, 5, 8}) {
            open.checkpoints()
                    .write(checkpoint(1, offset, ByteString.copyFromUtf8("state " + offset)))
                    .get();
        }
        assertThat(open.checkpoints()
                        .newest(new HeadId(1), 9)
                        .orElseThrow()
                        .summary()
                        .offset())
                .isEqualTo(8);
        assertThat(open.checkpoints()
                        .newest(new HeadId(1), 7)
                        .orElseThrow()
                        .summary()
                        .offset())
                .isEqualTo(5);
        assertThat(open.checkpoints().newest(new HeadId(1), 2)).isEmpty();
        open.close();
        change("UPDATE chunk SET bytes = x'00' WHERE key >> 16 = (SELECT blob FROM checkpoint WHERE offset = 8)");
        change("UPDATE checkpoint SET summary = x'00' WHERE offset = 5");
        open();
        assertThat(open.checkpoints().newest(new HeadId(1), 9).orElseThrow().state())
                .isEqualTo(ByteString.copyFromUtf8("state 3"));
        assertThat(open.checkpoints().list(new HeadId(1)).stream().map(Summary::offset))
                .containsExactly(3L, 8L);
    }

    @Test
    void aDamagedSharedPartIsWrittenAnewWithTheNextCheckpoint() throws Exception {
        SharedPart part = new SharedPart("p", ByteString.copyFromUtf8("an inverse covariance"));
        append(2);
        open.checkpoints().write(checkpoint(1, 1, ByteString.EMPTY, part)).get();
        open.close();
        change("UPDATE chunk SET bytes = x'00' WHERE key >> 16 = (SELECT blob FROM shared_part)");
        open();
        assertThat(open.checkpoints().sharedPart("p")).isEmpty();
        open.checkpoints().write(checkpoint(1, 2, ByteString.EMPTY, part)).get();
        assertThat(open.checkpoints().sharedPart("p")).contains(part.bytes());
    }

    @Test
    void whatACrashLeftHalfWrittenIsDeletedAtTheNextStart() throws Exception {
        append(1);
        open.checkpoints()
                .write(checkpoint(1, 1, ByteString.copyFromUtf8("whole")))
                .get();
        open.close();
        change("INSERT INTO open_blob VALUES (77)");
        change("INSERT INTO chunk VALUES (77 << 16, x'01'), ((77 << 16) + 1, x'02')");
        open();
        open.checkpoints().deleteAll(new HeadId(9)).get();
        assertThat(number("SELECT count(*) FROM chunk")).isEqualTo(1);
        assertThat(open.checkpoints().newest(new HeadId(1), 1)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void aRandomHistoryOfCheckpointsMatchesAMap(long seed) throws Exception {
        Random random = new Random(seed);
        SharedPart[] parts = {
            new SharedPart("a", StoreFixture.bytes(random, 100)), new SharedPart("b", StoreFixture.bytes(random, 5_000))
        };
        Map<Long, TreeMap<Long, Checkpoint>> oracle = new TreeMap<>();
        append(50);
        List<CompletableFuture<Void>> pending = new ArrayList<>();
        for (int step = 0; step < 150; step++) {
            long head = 1 + random.nextInt(6);
            TreeMap<Long, Checkpoint> of = oracle.computeIfAbsent(head, h -> new TreeMap<>());
            switch (random.nextInt(8)) {
                case 0 -> {
                    of.clear();
                    pending.add(open.checkpoints().deleteAll(new HeadId(head)));
                }
                case 1 -> {
                    long offset = random.nextInt(51);
                    of.remove(offset);
                    pending.add(open.checkpoints().delete(new HeadId(head), offset));
                }
                default -> {
                    long offset = random.nextInt(51);
                    Checkpoint written = random.nextBoolean()
                            ? checkpoint(head, offset, StoreFixture.bytes(random, random.nextInt(3_000)))
                            : checkpoint(head, offset, StoreFixture.bytes(random, 9), parts[random.nextInt(2)]);
                    of.put(offset, written);
                    pending.add(open.checkpoints().write(written));
                }
            }
        }
        CompletableFuture.allOf(pending.toArray(CompletableFuture[]::new)).get();
        reopen();
        List<Summary> newest = new ArrayList<>();
        open.checkpoints().forEachNewest(newest::add);
        List<Long> heads = oracle.keySet().stream()
                .filter(head -> !oracle.get(head).isEmpty())
                .toList();
        assertThat(newest.stream().map(summary -> summary.head().value())).isEqualTo(heads);
        for (long head : heads) {
            Checkpoint last = oracle.get(head).lastEntry().getValue();
            Checkpoints.Stored stored =
                    open.checkpoints().newest(new HeadId(head), 50).orElseThrow();
            assertThat(stored.state()).isEqualTo(last.state());
            assertThat(newest).contains(stored.summary());
            for (SharedPart part : last.parts()) {
                assertThat(open.checkpoints().sharedPart(part.id())).isEqualTo(Optional.of(part.bytes()));
            }
            assertThat(open.checkpoints().list(new HeadId(head)).stream().map(Summary::offset))
                    .isEqualTo(List.copyOf(oracle.get(head).keySet()));
        }
    }
}
