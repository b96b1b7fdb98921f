// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.protobuf.ByteString;
import dev.reservoir.store.v1.LogRecord;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;

/**
 * Appends random records in a process of its own, until it is killed, and prints every offset once it is durable. The
 * records are a function of the seed and their offset.
 */
final class StoreProcess {
    private StoreProcess() {}

    static LogRecord record(long seed, long offset) {
        return StoreFixture.random(new Random(seed * 1_000_003 + offset), offset);
    }

    /** @param records after which it only waits to be killed */
    static Process start(Path folder, long seed, int records) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StoreProcess.class.getName(),
                        folder.toString(),
                        Long.toString(seed),
                        Integer.toString(records))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    static void awaitFirst(Process process) throws IOException {
        reader(process).readLine();
    }

    static BufferedReader reader(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    public static void main(String[] arguments) throws InterruptedException {
        long seed = Long.parseLong(arguments[1]);
        int records = Integer.parseInt(arguments[2]);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        StoreFixture.Open open = StoreFixture.Open.of(Path.of(arguments[0]));
        long end = open.log().durableThrough();
        out.println(end);
        for (long offset = end + 1; offset <= end + records; offset++) {
            long appended = open.log().append(record(seed, offset));
            open.log().whenDurable(appended, () -> out.println(appended));
            if (offset % 50 == 0) {
                open.checkpoints()
                        .write(new Checkpoints.Checkpoint(
                                new HeadId(1),
                                offset,
                                ByteString.EMPTY,
                                StoreFixture.bytes(new Random(offset), 3_000_000),
                                List.of()));
                open.checkpoints().delete(new HeadId(1), offset - 100);
            }
        }
        new CountDownLatch(1).await();
    }
}
