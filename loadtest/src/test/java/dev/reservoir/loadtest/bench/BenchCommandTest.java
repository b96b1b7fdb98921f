// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.loadtest.report.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

final class BenchCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path home;

    @Test
    void listsEveryFigureOnceByName() {
        assertThat(run("--list")).isZero();

        List<String> names = out.toString(StandardCharsets.UTF_8)
                .lines()
                .map(line -> line.split(" ", 2)[0])
                .toList();
        assertThat(names)
                .doesNotHaveDuplicates()
                .contains(
                        "forward-1x6",
                        "forward-1x16",
                        "forward-1x64",
                        "forward-8x64",
                        "forward-32x64",
                        "predict-stream",
                        "fan-out",
                        "mixed-heads",
                        "latency",
                        "model-server",
                        "sentiment",
                        "image",
                        "least-squares-384",
                        "least-squares-2048",
                        "memory-gradient",
                        "memory-private",
                        "memory-shared",
                        "train-fused",
                        "train-djl",
                        "train-rate",
                        "train-parts",
                        "train-memory",
                        "train-beside");
    }

    @ParameterizedTest
    @CsvSource({
        "--only=forward-9x9,--only: forward-9x9 (expected: one of forward-1x6",
        "--threads=-1,--threads: -1 (expected: 0 to 256)",
        "--server-jar=nowhere.jar,--server-jar: nowhere.jar (expected: a jar; build the project",
        "--only=fan-out.1000,the server: ",
    })
    void wrongUsageIsTwoAndSaysWhatWasExpected(String option, String message) {
        assertThat(run(option)).isEqualTo(2);
        assertThat(err.toString()).contains(message);
    }

    @Test
    void theMeasuringProgramIsExpectedInTheServersBuild() throws IOException {
        Path server = Files.createDirectories(home.resolve("server/target")).resolve("reservoir-server.jar");
        Files.createFile(server);

        assertThat(run("--server-jar=" + server)).isEqualTo(2);
        assertThat(err.toString())
                .contains("the measuring program: " + home.resolve("server/bench/target/reservoir-bench.jar")
                        + " (expected: a jar; build the whole project)");
    }

    private int run(String... arguments) {
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        return new CommandLine(new BenchCommand(Terminal.NONE, stream, stream, home))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
