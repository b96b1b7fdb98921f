// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.server.store.Damage.HurtHead;
import dev.reservoir.store.v1.LogRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogDamageTest {
    private static final List<LogRecord> FIRST = examples(1, 1, 3);
    private static final List<LogRecord> SECOND = examples(2, 1, 2);
    private static final List<LogRecord> THIRD = examples(1, 4, 5);

    @TempDir
    private Path directory;

    private static List<LogRecord> examples(long head, int first, int last) {
        List<LogRecord> records = new ArrayList<>();
        for (int i = first; i <= last; i++) {
            records.add(StoreFixture.example(head, i, "head " + head + " example " + i + " " + "x".repeat(20)));
        }
        return records;
    }

    /** A folder whose log has three frames. Their offsets: 1 to 3, 4 and 5, 6 and 7. */
    private Path threeFrames(boolean closed) throws InterruptedException {
        Path data = directory.resolve("data");
        Path copy = directory.resolve("copy");
        try (StoreFixture.Open open = StoreFixture.Open.of(data)) {
            for (List<LogRecord> records : List.of(FIRST, SECOND, THIRD)) {
                appendAsOneFrame(open, records);
            }
            if (!closed) {
                StoreFixture.copy(data, copy);
            }
        }
        return closed ? StoreFixture.copy(data, copy) : copy;
    }

    /** The writer is kept busy by a callback while all are appended. */
    private static void appendAsOneFrame(StoreFixture.Open open, List<LogRecord> records) throws InterruptedException {
        CountDownLatch appended = new CountDownLatch(1);
        CountDownLatch waiting = new CountDownLatch(1);
        open.log().whenDurable(0, () -> {
            waiting.countDown();
            try {
                appended.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        waiting.await();
        records.forEach(open.log()::append);
        appended.countDown();
        StoreFixture.awaitDurable(open.store(), open.log().appendedThrough());
    }

    private static void change(Path folder, String... statements) {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("reservoir.db"));
                Statement update = connection.createStatement()) {
            for (String statement : statements) {
                assertThat(update.executeUpdate(statement)).isPositive();
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Object> list(Object... parts) {
        List<Object> all = new ArrayList<>();
        for (Object part : parts) {
            if (part instanceof List<?> records) {
                all.addAll(records);
            } else {
                all.add(part);
            }
        }
        return all;
    }

    private static void assertReads(Path folder, List<Damage> damage, List<Object> read) throws InterruptedException {
        // A second time, after the log has gone on: damage does not heal.
        List<Object> expected = new ArrayList<>(read);
        for (int round = 0; round < 2; round++) {
            try (StoreFixture.Open open = StoreFixture.Open.of(folder)) {
                assertThat(open.store().report().damage()).isEqualTo(damage);
                assertThat(open.log().damage()).isEqualTo(damage);
                assertThat(StoreFixture.read(open.store(), 1)).isEqualTo(expected);
                LogRecord next = StoreFixture.opened(7, round);
                StoreFixture.appendDurably(open.store(), List.of(next));
                expected.add(next);
                assertThat(StoreFixture.read(open.store(), 1)).isEqualTo(expected);
            }
        }
    }

    @Test
    void aFrameThatDoesNotMatchItsChecksumHurtsItsHeadsAlone() throws InterruptedException {
        Path folder = threeFrames(true);
        change(folder, "UPDATE frame SET payload = substr(payload, 1, length(payload) - 1) || x'00' WHERE first = 4");
        Damage damage = new Damage(
                4,
                5,
                List.of(new HurtHead(new HeadId(2), 4, 5, 1, 2)),
                true,
                "the frame at offset 4 does not match its checksum");
        assertReads(folder, List.of(damage), list(FIRST, damage, THIRD));
        assertThat(damage.hurts(new HeadId(2))).isTrue();
        assertThat(damage.hurts(new HeadId(1))).isFalse();
    }

    @Test
    void aFrameThatIsMissingHurtsItsHeadsAlone() throws InterruptedException {
        Path folder = threeFrames(true);
        change(folder, "DELETE FROM frame WHERE first = 1");
        Damage damage = new Damage(1, 3, List.of(new HurtHead(new HeadId(1), 1, 3, 1, 3)), true, "no such frame");
        assertReads(folder, List.of(damage), list(damage, SECOND, THIRD));
    }

    @Test
    void theLastFrameIsMissed() throws InterruptedException {
        Path folder = threeFrames(true);
        change(folder, "DELETE FROM frame WHERE first = 6");
        Damage damage = new Damage(6, 7, List.of(new HurtHead(new HeadId(1), 6, 7, 4, 5)), true, "no such frame");
        assertReads(folder, List.of(damage), list(FIRST, SECOND, damage));
    }

    @Test
    void everyHeadMayBeHurtIfTheIndexIsDamagedToo() throws InterruptedException {
        Path folder = threeFrames(true);
        change(folder, "DELETE FROM frame WHERE first = 4", "UPDATE frame_index SET heads = x'00' WHERE first = 4");
        Damage damage = new Damage(4, 5, List.of(), false, "no such frame");
        assertReads(folder, List.of(damage), list(FIRST, damage, THIRD));
        assertThat(damage.hurts(new HeadId(77))).isTrue();
    }

    @Test
    void anIndexThatIsDamagedAloneIsHarmless() throws InterruptedException {
        Path folder = threeFrames(true);
        change(folder, "DELETE FROM frame_index");
        assertReads(folder, List.of(), list(FIRST, SECOND, THIRD));
    }

    @Test
    void boundsThatAreDamagedFollowFromTheFrames() throws InterruptedException {
        Path folder = threeFrames(true);
        change(folder, "UPDATE log_bounds SET \"end\" = 99");
        try (StoreFixture.Open open = StoreFixture.Open.of(folder)) {
            assertThat(open.store().report().repairs())
                    .containsExactly("the bounds of the log, which follow from its frames");
            assertThat(open.log().durableThrough()).isEqualTo(7);
        }
        assertReads(folder, List.of(), list(FIRST, SECOND, THIRD));
    }

    @Test
    void aFrameOfAnotherLogIsNotTakenForOne() throws InterruptedException {
        Path folder = threeFrames(true);
        Path other = directory.resolve("other");
        try (StoreFixture.Open open = StoreFixture.Open.of(other)) {
            appendAsOneFrame(open, examples(3, 1, 3));
            appendAsOneFrame(open, examples(3, 4, 5));
        }
        change(
                folder,
                "ATTACH '" + other.resolve("reservoir.db") + "' AS other;"
                        + " INSERT OR REPLACE INTO frame SELECT * FROM other.frame WHERE first = 4");
        Damage before = new Damage(
                1,
                3,
                List.of(new HurtHead(new HeadId(1), 1, 3, 1, 3)),
                true,
                "the frame at offset 4 was written after another one");
        Damage itself = new Damage(
                4,
                5,
                List.of(new HurtHead(new HeadId(2), 4, 5, 1, 2)),
                true,
                "the frame at offset 6 was written after another one");
        try (StoreFixture.Open open = StoreFixture.Open.of(folder)) {
            assertThat(open.store().report().damage())
                    .as("one of the two is foreign")
                    .containsExactly(before, itself);
        }
    }

    @Test
    void damageInTheMiddleOfTheWriteAheadLogLosesNothingAfterIt() throws Exception {
        Path data = directory.resolve("data");
        Path folder = directory.resolve("copy");
        // Longer than a page, so that no later commit writes the middle of it again.
        LogRecord large = StoreFixture.example(2, 1, "x".repeat(9_000) + "needle" + "x".repeat(9_000));
        try (StoreFixture.Open open = StoreFixture.Open.of(data)) {
            appendAsOneFrame(open, FIRST);
            appendAsOneFrame(open, List.of(large));
            appendAsOneFrame(open, THIRD);
            StoreFixture.copy(data, folder);
        }
        flip(folder.resolve("reservoir.db-wal"), "needle");
        Damage damage = new Damage(
                4,
                4,
                List.of(new HurtHead(new HeadId(2), 4, 4, 1, 1)),
                true,
                "the frame at offset 4 does not match its checksum");
        try (StoreFixture.Open open = StoreFixture.Open.of(folder)) {
            assertThat(open.store().report().repairs())
                    .containsExactly("checksums of the write-ahead log, of which the damaged original is kept as"
                            + " reservoir.db-wal.damaged");
        }
        assertThat(folder.resolve("reservoir.db-wal.damaged")).exists();
        assertReads(folder, List.of(damage), list(FIRST, damage, THIRD));
    }

    @Test
    void damageOfAPageThatALaterCommitWroteAgainIsHealed() throws Exception {
        Path folder = threeFrames(false);
        flip(folder.resolve("reservoir.db-wal"), "head 2 example 1");
        assertReads(folder, List.of(), list(FIRST, SECOND, THIRD));
    }

    @Test
    void aDamagedHeaderOfTheWriteAheadLogIsMadeAnew() throws Exception {
        Path folder = threeFrames(false);
        overwrite(folder.resolve("reservoir.db-wal"), 0, new byte[32]);
        assertReads(folder, List.of(), list(FIRST, SECOND, THIRD));
    }

    @Test
    void aWriteAheadLogThatIsGoneIsMissed() throws Exception {
        Path folder = threeFrames(false);
        Files.delete(folder.resolve("reservoir.db-wal"));
        Damage damage =
                new Damage(1, 7, List.of(), false, "the end of the log is missing: it was durable up to offset 7");
        try (StoreFixture.Open open = StoreFixture.Open.of(folder)) {
            assertThat(open.store().report().damage()).containsExactly(damage);
        }
        Damage later = new Damage(1, 7, List.of(), false, "no such frame");
        assertReads(folder, List.of(later), list(later));
    }

    @Test
    void aCommitThatHadNotEndedIsNoDamage() throws Exception {
        Path data = directory.resolve("data");
        Path copy = directory.resolve("copy");
        try (StoreFixture.Open open = StoreFixture.Open.of(data)) {
            appendAsOneFrame(open, FIRST);
            Path mark = Files.copy(data.resolve(DurableMark.NAME), directory.resolve("mark"));
            long before = Files.size(data.resolve("reservoir.db-wal"));
            appendAsOneFrame(open, SECOND);
            StoreFixture.copy(data, copy);
            Files.copy(mark, copy.resolve(DurableMark.NAME), StandardCopyOption.REPLACE_EXISTING);
            for (long size = Files.size(copy.resolve("reservoir.db-wal")) - 1; size >= before; size -= 512) {
                Path torn = StoreFixture.copy(copy, directory.resolve("torn" + size));
                try (FileChannel log = FileChannel.open(torn.resolve("reservoir.db-wal"), StandardOpenOption.WRITE)) {
                    log.truncate(size);
                }
                try (StoreFixture.Open reopened = StoreFixture.Open.of(torn)) {
                    assertThat(reopened.store().report().damage()).isEmpty();
                    assertThat(StoreFixture.read(reopened.store(), 1)).isEqualTo(list(FIRST));
                }
            }
        }
    }

    @Test
    void aMarkThatIsDamagedOrBehindIsHarmless() throws Exception {
        Path folder = threeFrames(true);
        overwrite(folder.resolve(DurableMark.NAME), 3, new byte[] {1});
        assertReads(folder, List.of(), list(FIRST, SECOND, THIRD));
        Files.delete(folder.resolve(DurableMark.NAME));
        try (StoreFixture.Open open = StoreFixture.Open.of(folder)) {
            assertThat(open.store().report().damage()).isEmpty();
        }
    }

    private static void flip(Path file, String text) throws IOException {
        String content = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        int at = content.indexOf(text);
        assertThat(at).isPositive();
        overwrite(file, at, new byte[] {(byte) (text.charAt(0) ^ 1)});
    }

    private static void overwrite(Path file, long position, byte[] bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(bytes), position);
        }
    }
}
