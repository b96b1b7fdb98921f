// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import static org.assertj.core.api.Assumptions.assumeThat;

import dev.reservoir.loadtest.client.ServerProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.io.TempDir;

/** Runs the contract against the server of the same build, which a build from the root packages before this module. */
final class ServerContractTest extends Contract {
    private static final Path JAR = Path.of("../server/target/reservoir-server.jar");

    @TempDir
    private static Path folder;

    private ServerProcess server;

    @Override
    String target() {
        assumeThat(JAR).as("the packaged server").isRegularFile();
        server = ServerProcess.start(
                ServerProcess.command(JAR, List.of("--substrate", "random:minilm", "--precision", "f32")),
                folder.resolve("log"),
                Duration.ofSeconds(120),
                passed -> {});
        return server.addresses().grpc();
    }

    @AfterAll
    void stop() {
        if (server != null) {
            server.close();
        }
    }
}
