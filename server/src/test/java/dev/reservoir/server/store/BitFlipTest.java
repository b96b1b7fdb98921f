// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.reservoir.server.startup.StartFailure;
import dev.reservoir.server.store.Checkpoints.Checkpoint;
import dev.reservoir.server.store.Checkpoints.SharedPart;
import dev.reservoir.store.v1.LogRecord;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Flips bits anywhere in a folder: what is read afterwards is what was written, or it is said what is not there. */
class BitFlipTest {
    private static final int FLIPS = Integer.getInteger("reservoir.flips", 60);
    private static final int RECORDS = 400;
    private static final long SEED = 42;

    @TempDir
    private Path directory;

    private final List<LogRecord> records = new ArrayList<>();
    private final List<Checkpoint> written = new ArrayList<>();
    private final SharedPart part = new SharedPart("part", StoreFixture.bytes(new Random(1), 20_000));

    /** Half of it in the database, half in the write-ahead log. */
    private Path folder() throws Exception {
        Random random = new Random(SEED);
        Path data = directory.resolve("data");
        Path copy = directory.resolve("copy");
        for (int round = 0; round < 2; round++) {
            try (StoreFixture.Open open = StoreFixture.Open.of(data)) {
                for (int i = 0; i < RECORDS; i++) {
                    LogRecord record = StoreFixture.random(random, records.size() + 1);
                    records.add(record);
                    open.log().append(record);
                    if (i % 20 == 19) {
                        StoreFixture.awaitDurable(open.store(), records.size());
                    }
                }
                for (long head = 1; head <= 5; head++) {
                    Checkpoint checkpoint = new Checkpoint(
                            new HeadId(head),
                            records.size(),
                            StoreFixture.bytes(random, 50),
                            StoreFixture.bytes(random, 3_000),
                            List.of(part));
                    written.add(checkpoint);
                    open.checkpoints().write(checkpoint).get();
                }
                if (round == 1) {
                    StoreFixture.copy(data, copy);
                }
            }
        }
        return copy;
    }

    @Test
    void everyFlippedBitIsFoundOrHarmless() throws Exception {
        Path folder = folder();
        Random random = new Random(SEED);
        int found = 0;
        for (int flip = 0; flip < FLIPS; flip++) {
            Path flipped = StoreFixture.copy(folder, directory.resolve("flipped" + flip));
            String name = List.of(Database.NAME, Database.NAME + "-wal", DurableMark.NAME)
                    .get(random.nextInt(20) / 9);
            String where = flip(flipped.resolve(name), random);
            try (StoreFixture.Open open = StoreFixture.Open.of(flipped)) {
                found += check(open, name + where) ? 1 : 0;
            } catch (StartFailure e) {
                assertThat(e.getMessage()).contains("expected: ");
                found++;
            }
            delete(flipped);
        }
        assertThat(found).as("flips that did something").isPositive();
    }

    private static String flip(Path file, Random random) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            long position = (long) (random.nextDouble() * bytes.length());
            bytes.seek(position);
            int value = bytes.read();
            int bit = random.nextInt(8);
            bytes.seek(position);
            bytes.write(value ^ 1 << bit);
            return " byte " + position + " bit " + bit;
        }
    }

    /** @return whether anything is told to be damaged */
    private boolean check(StoreFixture.Open open, String where) {
        boolean[] found = {!open.store().report().repairs().isEmpty()};
        long[] next = {1};
        try {
            open.log().read(1, new ExampleLog.Reader() {
                @Override
                public void record(long offset, LogRecord record) {
                    assertThat(offset).as(where).isEqualTo(next[0]++);
                    assertThat(record).as(where).isEqualTo(records.get((int) offset - 1));
                }

                @Override
                public void damaged(Damage damage) {
                    found[0] = true;
                    next[0] = damage.lastOffset() + 1;
                }
            });
            assertThat(next[0]).as(where).isEqualTo(records.size() + 1);
            for (Checkpoint checkpoint : written) {
                found[0] |= open.checkpoints()
                        .newest(checkpoint.head(), checkpoint.offset())
                        .map(stored -> assertWritten(stored, where).offset() != checkpoint.offset())
                        .orElse(true);
            }
            ByteString bytes = open.checkpoints().sharedPart(part.id()).orElse(null);
            if (bytes == null) {
                found[0] = true;
            } else {
                assertThat(bytes).as(where).isEqualTo(part.bytes());
            }
        } catch (StorageUnavailable e) {
            found[0] = true;
        }
        return found[0];
    }

    private Checkpoint assertWritten(Checkpoints.Stored stored, String where) {
        Checkpoint original = written.stream()
                .filter(checkpoint -> checkpoint.head().equals(stored.summary().head())
                        && checkpoint.offset() == stored.summary().offset())
                .findFirst()
                .orElseThrow();
        assertThat(stored.state()).as(where).isEqualTo(original.state());
        assertThat(stored.summary().summary()).as(where).isEqualTo(original.summary());
        assertThat(stored.summary().partIds()).as(where).containsExactly("part");
        return original;
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
