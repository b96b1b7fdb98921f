// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.loadtest.run.RunFailure;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HookTest {
    @TempDir
    private Path folder;

    @Test
    void exchangesOneLineAtATimeAndReportsRefusalsAndTheEnd() {
        try (Hook hook = Hook.start(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Stub.class.getName()),
                folder.resolve("log"))) {
            assertThat(hook.measure(Apparatus.request("count")).get("line").getAsInt())
                    .isEqualTo(1);
            assertThatThrownBy(() -> hook.measure(Apparatus.request("refuse")))
                    .isInstanceOf(RunFailure.class)
                    .hasMessage("reservoir-bench refused {\"measure\":\"refuse\"}: not that");
            assertThat(hook.measure(Apparatus.request("count")).get("line").getAsInt())
                    .isEqualTo(3);
            assertThatThrownBy(() -> hook.measure(Apparatus.request("end")))
                    .isInstanceOf(RunFailure.class)
                    .hasMessageStartingWith("reservoir-bench ended at {\"measure\":\"end\"}; see ");
        }
    }

    /** A child that counts lines. */
    static final class Stub {
        public static void main(String[] arguments) throws IOException {
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            int count = 0;
            for (String line = lines.readLine(); line != null && !line.contains("end"); line = lines.readLine()) {
                count++;
                System.out.println(line.contains("refuse") ? "{\"error\":\"not that\"}" : "{\"line\":" + count + "}");
            }
        }
    }
}
