// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.loadtest.fake.FakeServerMain;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServerProcessTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    @Test
    void waitsForTheReadyLineAndEndsTheChild() throws Exception {
        List<Duration> waits = new ArrayList<>();
        ServerProcess server = ServerProcess.start(fake(), log(), LIMIT, waits::add);
        try (server;
                ReservoirClient client =
                        ReservoirClient.connect(server.addresses().grpc(), LIMIT)) {
            assertThat(client.substrate().getName()).isEqualTo("fake");
            assertThat(server.addresses().http()).isEqualTo("127.0.0.1:1");
            assertThat(server.exitCodeWithin(Duration.ZERO)).isEmpty();
        }
        assertThat(server.exitCodeWithin(Duration.ZERO)).hasValue(128 + 15);
        assertThat(waits).isNotEmpty();
        assertThat(Files.readString(log())).contains("loading weights", "reservoir-server ready");
    }

    @Test
    void showsTheOutputOfAServerThatDidNotStart() {
        assertThatThrownBy(() -> ServerProcess.start(fake("--fail"), log(), LIMIT, passed -> {}))
                .isInstanceOf(ServerStartException.class)
                .hasMessageContaining("exit code 7")
                .hasMessageContaining(log().toString())
                .hasMessageContaining("  loading weights\n  no weights: file not found");
    }

    @Test
    void givesUpOnAServerThatIsNeverReady() {
        assertThatThrownBy(() -> ServerProcess.start(fake("--mute"), log(), Duration.ofMillis(1), passed -> {}))
                .isInstanceOf(ServerStartException.class)
                .hasMessageContaining("not ready after");
    }

    @Test
    void namesAProgramThatCannotBeRun() {
        assertThatThrownBy(() -> ServerProcess.start(List.of("/no/such/java"), log(), LIMIT, passed -> {}))
                .isInstanceOf(ServerStartException.class)
                .hasMessageContaining("/no/such/java");
    }

    @Test
    void readsOnlyTheReadyLine() {
        assertThat(ServerAddresses.parse("reservoir-server ready grpc=127.0.0.1:5 http=127.0.0.1:6"))
                .hasValue(new ServerAddresses("127.0.0.1:5", "127.0.0.1:6"));
        assertThat(ServerAddresses.parse("reservoir-server ready grpc=[::1]:5"))
                .hasValue(new ServerAddresses("[::1]:5", ""));
        assertThat(ServerAddresses.parse("reservoir-server ready")).isEmpty();
        assertThat(ServerAddresses.parse("not reservoir-server ready grpc=127.0.0.1:5"))
                .isEmpty();
    }

    private Path log() {
        return folder.resolve("server.log");
    }

    private static List<String> fake(String... options) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                FakeServerMain.class.getName(),
                "serve",
                "--port",
                "0"));
        command.addAll(List.of(options));
        return command;
    }
}
