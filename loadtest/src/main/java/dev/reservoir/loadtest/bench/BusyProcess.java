// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.run.RunFailure;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** A process that keeps cores busy until it is closed, and never longer than a minute. */
final class BusyProcess implements AutoCloseable {
    private static final long MAX_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Process process;

    private BusyProcess(Process process) {
        this.process = process;
    }

    /** Starts a process and waits until it is busy. */
    static BusyProcess start(int threads) {
        try {
            Process process = new ProcessBuilder(
                            java.nio.file.Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            BusyProcess.class.getName(),
                            Integer.toString(threads))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            BusyProcess busy = new BusyProcess(process);
            if (process.getInputStream().read() < 0) {
                busy.close();
                throw new RunFailure("the busy process ended at once");
            }
            return busy;
        } catch (IOException e) {
            throw new RunFailure("the busy process could not be run: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What the process runs. */
    public static void main(String[] arguments) {
        long end = System.nanoTime() + MAX_NANOS;
        for (int i = 1; i < Integer.parseInt(arguments[0]); i++) {
            new Thread(() -> spin(end), "busy-" + i).start();
        }
        System.out.print('.');
        System.out.flush();
        spin(end);
    }

    private static void spin(long end) {
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }
}
