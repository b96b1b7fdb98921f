// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * A server as a child process. It is ready when it prints one line on its standard output: {@code reservoir-server
 * ready grpc=HOST:PORT http=HOST:PORT}.
 *
 * <p>The child ends when this object is closed or this program exits, whichever comes first: it receives SIGTERM, has
 * {@value #STOP_SECONDS} seconds to drain, and is then killed. Everything it prints goes to a log file.
 */
public final class ServerProcess implements AutoCloseable {
    private static final int STOP_SECONDS = 20;
    private static final int TAIL_LINES = 25;
    private static final long TICK_MILLIS = 250;

    private final Process process;
    private final Path log;
    private final Thread atExit;
    private final CompletableFuture<ServerAddresses> ready = new CompletableFuture<>();

    private ServerProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
        this.atExit = new Thread(this::end, "end-server");
        Runtime.getRuntime().addShutdownHook(atExit);
        Thread reader = new Thread(this::readOutput, "server-output");
        reader.setDaemon(true);
        reader.start();
    }

    /** The command that runs the server of a jar on free loopback ports, with the Java that runs this program. */
    public static List<String> command(Path serverJar, List<String> options) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                serverJar.toString(),
                "serve",
                "--port",
                "0"));
        command.addAll(options);
        return List.copyOf(command);
    }

    /**
     * Starts a server and waits until it is ready.
     *
     * @param log file for the server's output; an existing file is replaced
     * @param limit how long the start may take
     * @param waiting called a few times a second with the time elapsed
     * @throws ServerStartException if the program cannot be run, ends, or is not ready within the limit
     */
    public static ServerProcess start(List<String> command, Path log, Duration limit, Consumer<Duration> waiting) {
        ServerProcess server;
        try {
            Files.deleteIfExists(log);
            Files.createFile(log);
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            process.getOutputStream().close();
            server = new ServerProcess(process, log);
        } catch (IOException e) {
            throw new ServerStartException("the server could not be run: " + e.getMessage(), e);
        }
        try {
            server.awaitReady(limit, waiting);
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
        return server;
    }

    public ServerAddresses addresses() {
        return ready.join();
    }

    public Path log() {
        return log;
    }

    /** The exit code; empty if the server is still running after this time. */
    public Optional<Integer> exitCodeWithin(Duration limit) {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)
                    ? Optional.of(process.exitValue())
                    : Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** The last lines that the server printed, each on its own line, indented. */
    public String logTail() {
        try {
            List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            List<String> tail = lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size());
            return tail.isEmpty() ? "  (it printed nothing)" : "  " + String.join("\n  ", tail);
        } catch (IOException e) {
            return "  (unreadable: " + e + ")";
        }
    }

    @Override
    public void close() {
        end();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // this program is exiting, so that the hook has run or is running
        }
    }

    private void awaitReady(Duration limit, Consumer<Duration> waiting) {
        long start = System.nanoTime();
        while (true) {
            Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
            waiting.accept(elapsed);
            try {
                ready.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
                return;
            } catch (TimeoutException e) {
                if (elapsed.compareTo(limit) >= 0) {
                    throw new ServerStartException("the server was not ready after " + limit.toSeconds()
                            + " s; the end of " + log + ":\n" + logTail());
                }
            } catch (ExecutionException e) {
                throw new ServerStartException("the server ended" + howItEnded() + " before it was ready; the end of "
                        + log + ":\n" + logTail());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ServerStartException("interrupted while the server started", e);
            }
        }
    }

    private String howItEnded() {
        try {
            return process.waitFor(2, TimeUnit.SECONDS) ? " with exit code " + process.exitValue() : " its output";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    private void end() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** Copies standard output to the log, where standard error goes too, and looks for the ready line. */
    private void readOutput() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
                BufferedWriter copy = Files.newBufferedWriter(log, StandardOpenOption.APPEND)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                copy.write(line);
                copy.newLine();
                copy.flush();
                ServerAddresses.parse(line).ifPresent(ready::complete);
            }
        } catch (IOException e) {
            // the pipe broke when its process ended; handled as the end of the output
        }
        ready.completeExceptionally(new IOException("end of output"));
    }
}
