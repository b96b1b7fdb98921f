// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.reservoir.loadtest.run.RunFailure;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The program that measures inside a server's process, run as a child process. It measures on request, is idle
 * otherwise, and ends when this object is closed or this program exits. Not thread-safe.
 */
final class Hook implements AutoCloseable {
    private static final int STOP_SECONDS = 20;

    private final Process process;
    private final Path log;
    private final BufferedWriter requests;
    private final BufferedReader answers;
    private final Thread atExit;

    private Hook(Process process, Path log) {
        this.process = process;
        this.log = log;
        this.requests = process.outputWriter(StandardCharsets.UTF_8);
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.atExit = new Thread(process::destroy, "end-hook");
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /**
     * Starts the process.
     *
     * @param benchJar the program
     * @param threads inside one product
     * @param log receives its standard error
     */
    static Hook start(Path benchJar, int threads, Path log) {
        return start(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-jar",
                        benchJar.toString(),
                        "--threads",
                        Integer.toString(threads)),
                log);
    }

    static Hook start(List<String> command, Path log) {
        try {
            return new Hook(
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                            .start(),
                    log);
        } catch (IOException e) {
            throw new RunFailure("reservoir-bench could not be started: " + e.getMessage(), e);
        }
    }

    /**
     * Requests one measurement and waits for it.
     *
     * @throws RunFailure if it was refused or the process ended
     */
    JsonObject measure(JsonObject request) {
        String line;
        try {
            requests.write(request.toString());
            requests.newLine();
            requests.flush();
            do {
                // A JVM may print other lines here, which are not answers.
                line = answers.readLine();
            } while (line != null && !line.startsWith("{"));
        } catch (IOException e) {
            throw ended(request, e);
        }
        if (line == null) {
            throw ended(request, null);
        }
        JsonObject answer = JsonParser.parseString(line).getAsJsonObject();
        if (answer.has("error")) {
            throw new RunFailure("reservoir-bench refused " + request + ": "
                    + answer.get("error").getAsString());
        }
        return answer;
    }

    private RunFailure ended(JsonObject request, @Nullable IOException cause) {
        String message = "reservoir-bench ended at " + request + "; see " + log;
        return cause == null ? new RunFailure(message) : new RunFailure(message, cause);
    }

    @Override
    public void close() {
        try {
            requests.close();
        } catch (IOException e) {
            // it has ended already
        }
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // this program is exiting: the shutdown hook has run or is running
        }
    }
}
