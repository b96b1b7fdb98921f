// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.run;

import dev.reservoir.loadtest.client.ServerAddresses;
import dev.reservoir.loadtest.client.ServerProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The server of a run: a child process of its own, or one that was already running. */
public final class RunServer implements AutoCloseable {
    private final String grpc;
    private final @Nullable ServerProcess process;

    private RunServer(String grpc, @Nullable ServerProcess process) {
        this.grpc = grpc;
        this.process = process;
    }

    public static RunServer running(String target) {
        return new RunServer(target, null);
    }

    public static RunServer start(List<String> command, Path log, Duration limit, Consumer<Duration> waiting) {
        ServerProcess process = ServerProcess.start(command, log, limit, waiting);
        return new RunServer(process.addresses().grpc(), process);
    }

    /** {@code host:port}. */
    public String grpc() {
        return grpc;
    }

    /** Where it listens and what it logs to, for a person. */
    public String description() {
        if (process == null) {
            return "grpc " + grpc + " (running before)";
        }
        ServerAddresses addresses = process.addresses();
        String page = addresses.http().isEmpty() ? "" : ", page http://" + addresses.http() + "/";
        return "grpc " + grpc + page + ", log " + process.log().toAbsolutePath().normalize();
    }

    /**
     * What a failed call cannot report: that the process exited, and the last lines it printed. Empty if it is still
     * running.
     */
    public String exitReport() {
        if (process == null) {
            return "";
        }
        ServerProcess ended = process;
        // Its connections break a moment before its process exits.
        return ended.exitCodeWithin(Duration.ofSeconds(2))
                .map(code -> "\nthe server ended with exit code " + code + "; the end of " + ended.log() + ":\n"
                        + ended.logTail())
                .orElse("");
    }

    @Override
    public void close() {
        if (process != null) {
            process.close();
        }
    }
}
