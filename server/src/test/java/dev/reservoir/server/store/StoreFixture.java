// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.protobuf.ByteString;
import dev.reservoir.server.metrics.Metrics;
import dev.reservoir.store.v1.HeadDeleted;
import dev.reservoir.store.v1.LogRecord;
import dev.reservoir.store.v1.LoggedExample;
import dev.reservoir.store.v1.MinibatchEnded;
import dev.reservoir.store.v1.ResolvedExample;
import dev.reservoir.store.v1.WriterOpened;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.Target;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.stream.Stream;

/** Records, folders, and a store with everything injected. */
final class StoreFixture {
    static final StoreSettings SMALL = new StoreSettings(1 << 16, 1 << 12, 1);

    private StoreFixture() {}

    static LogRecord example(long head, long sequence, String text) {
        return LogRecord.newBuilder()
                .setHeadId(head)
                .setExample(LoggedExample.newBuilder()
                        .setSequence(sequence)
                        .setPayloadDigest(sequence * 31)
                        .setResolved(ResolvedExample.newBuilder()
                                .setObservation(Observation.newBuilder().setText(text))
                                .setTarget(Target.newBuilder().setLabel("yes"))))
                .build();
    }

    static LogRecord opened(long head, long epoch) {
        return LogRecord.newBuilder()
                .setHeadId(head)
                .setWriterOpened(WriterOpened.newBuilder().setEpoch(epoch))
                .build();
    }

    static LogRecord random(Random random, long sequence) {
        long head = 1 + random.nextInt(5);
        return switch (random.nextInt(8)) {
            case 0 -> opened(head, random.nextLong());
            case 1 ->
                LogRecord.newBuilder()
                        .setHeadId(head)
                        .setMinibatchEnded(MinibatchEnded.getDefaultInstance())
                        .build();
            case 2 ->
                LogRecord.newBuilder()
                        .setHeadId(head)
                        .setHeadDeleted(HeadDeleted.getDefaultInstance())
                        .build();
            default -> example(head, sequence, "x".repeat(random.nextInt(random.nextInt(20) == 0 ? 9_000 : 200) + 1));
        };
    }

    static ByteString bytes(Random random, int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }

    /** Appends, and waits until all of it is durable. */
    static void appendDurably(SqliteStore store, List<LogRecord> records) throws InterruptedException {
        records.forEach(store.log()::append);
        awaitDurable(store, store.log().appendedThrough());
    }

    static void awaitDurable(SqliteStore store, long offset) throws InterruptedException {
        CountDownLatch durable = new CountDownLatch(1);
        store.log().whenDurable(offset, durable::countDown);
        durable.await();
    }

    /** All that is read from an offset: records, or damage, in their order. */
    static List<Object> read(SqliteStore store, long from) {
        List<Object> read = new ArrayList<>();
        long[] next = {from};
        store.log().read(from, new ExampleLog.Reader() {
            @Override
            public void record(long offset, LogRecord record) {
                if (offset != next[0]) {
                    throw new AssertionError("offset " + offset + " after " + (next[0] - 1));
                }
                next[0]++;
                read.add(record);
            }

            @Override
            public void damaged(Damage damage) {
                if (damage.firstOffset() > next[0] || damage.lastOffset() < next[0]) {
                    throw new AssertionError(damage + " at offset " + next[0]);
                }
                next[0] = damage.lastOffset() + 1;
                read.add(damage);
            }
        });
        return read;
    }

    /** The files as a machine that loses its power after the last sync would have them. */
    static Path copy(Path folder, Path to) {
        try (Stream<Path> files = Files.list(folder)) {
            Files.createDirectories(to);
            for (Path file : (Iterable<Path>) files::iterator) {
                String name = file.getFileName().toString();
                if (!name.equals(FolderLock.NAME) && !name.endsWith("-shm")) {
                    Files.copy(file, to.resolve(name));
                }
            }
            return to;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An open folder and its store. */
    record Open(DataFolder folder, SqliteStore store) implements AutoCloseable {
        static Open of(Path path) {
            return of(path, SMALL);
        }

        static Open of(Path path, StoreSettings settings) {
            return of(path, settings, SqliteStore.Surroundings.usual(settings));
        }

        static Open of(Path path, StoreSettings settings, SqliteStore.Surroundings surroundings) {
            DataFolder folder = DataFolder.open(path);
            try {
                return new Open(folder, SqliteStore.open(folder, settings, surroundings, new Metrics()));
            } catch (RuntimeException e) {
                folder.close();
                throw e;
            }
        }

        ExampleLog log() {
            return store.log();
        }

        Checkpoints checkpoints() {
            return store.checkpoints();
        }

        @Override
        public void close() {
            store.close();
            folder.close();
        }
    }

    /** Runs what waits for a retry when it is told to. */
    static final class ManualRetry implements Executor {
        private final List<Runnable> waiting = new ArrayList<>();

        @Override
        public synchronized void execute(Runnable action) {
            waiting.add(action);
            notifyAll();
        }

        /** Waits until a retry is asked for, and lets it go. */
        synchronized void retry() throws InterruptedException {
            while (waiting.isEmpty()) {
                wait();
            }
            waiting.remove(0).run();
        }

        /** Waits until a retry is asked for. */
        synchronized void awaitAsked() throws InterruptedException {
            while (waiting.isEmpty()) {
                wait();
            }
        }
    }
}
