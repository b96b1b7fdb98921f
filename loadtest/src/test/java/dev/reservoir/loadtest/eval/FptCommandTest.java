// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.reservoir.loadtest.fake.FakeReservoir;
import dev.reservoir.loadtest.fake.FakeServerJar;
import dev.reservoir.loadtest.report.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** On a server that solves the xor at a rate of 3e-3 and answers 0 at others. */
final class FptCommandTest {
    private final FakeReservoir fake;
    private final ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    private final ByteArrayOutputStream errBytes = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    FptCommandTest() throws IOException {
        fake = new FakeReservoir();
        fake.reportSubstrate("minilm");
    }

    @AfterEach
    void close() {
        fake.close();
    }

    @Test
    void choosesTheRateOnValidationAndTestsItOverSeeds() throws Exception {
        assertThat(runOnFake("--contender", "fpt,no-substrate-ls", "--rates", "1e-3,3e-3,1e-2"))
                .isZero();

        assertThat(err()).isEmpty();
        assertThat(out())
                .contains("bit-xor 8/8")
                .containsPattern("fpt +pretrained, frozen +0 +3e-3 +100.0 \\+- 0.0 % +100.0 \\+- 0.0 %")
                .doesNotContainPattern("[\\p{Cntrl}&&[^\\n]]");
        JsonObject task = json().getAsJsonArray("tasks").get(0).getAsJsonObject();
        assertThat(task.get("name").getAsString()).isEqualTo("bit-xor");
        JsonArray contenders = task.getAsJsonArray("contenders");
        JsonObject fpt = contenders.get(0).getAsJsonObject();
        assertThat(fpt.get("contender").getAsString()).isEqualTo("fpt");
        assertThat(fpt.get("rate").getAsDouble()).isEqualTo(3e-3);
        assertThat(fpt.getAsJsonObject("test").get("mean").getAsDouble()).isEqualTo(1);
        assertThat(fpt.getAsJsonObject("test").get("count").getAsInt()).isEqualTo(3);
        // The empty set means 0 everywhere, which is correct for half of the bits.
        assertThat(contenders
                        .get(1)
                        .getAsJsonObject()
                        .getAsJsonObject("test")
                        .get("mean")
                        .getAsDouble())
                .isBetween(0.4, 0.6);
        JsonArray cells = task.getAsJsonArray("cells");
        assertThat(cells).hasSize(5 + 3);
        assertThat(cells).allSatisfy(cell -> {
            JsonObject key = cell.getAsJsonObject().getAsJsonObject("key");
            boolean tested = cell.getAsJsonObject().has("test");
            assertThat(tested)
                    .isEqualTo(key.get("rate").getAsDouble() == 3e-3
                            || key.get("rate").getAsDouble() == 0);
            assertThat(cell.getAsJsonObject().getAsJsonArray("curve")).isNotEmpty();
        });
        assertThat(folder.resolve("bit-xor.png")).isNotEmptyFile();
        assertThat(fake.headNames()).as("every head is deleted").isEmpty();
    }

    @Test
    void trainsAHeadOnTheFixedAmount() throws Exception {
        assertThat(runOnFake("--contender", "fpt", "--rates", "3e-3", "--seeds", "4"))
                .isZero();

        JsonObject cell = cells().get(0).getAsJsonObject();
        assertThat(cell.get("examples").getAsLong()).isEqualTo(64);
        assertThat(cell.getAsJsonObject("key").get("seed").getAsLong()).isEqualTo(4);
        assertThat(fake.createdNames()).hasSize(1).first().asString().endsWith("/heads/bit-xor-fpt-3e-03-4");
    }

    /** Empty sets mean 0 for every bit, which is correct for half of all bits and half of the masked ones. */
    @Test
    void scoresEveryBitOfAMemory() throws Exception {
        assertThat(runOnFake("--task", "bit-memory", "--contender", "fpt", "--rates", "1e-3", "--seeds", "1"))
                .isZero();

        JsonObject task = json().getAsJsonArray("tasks").get(1).getAsJsonObject();
        JsonObject cell = task.getAsJsonArray("cells").get(0).getAsJsonObject();
        assertThat(task.get("name").getAsString()).isEqualTo("bit-memory");
        assertThat(task.get("form").getAsString()).contains("asked for all 50 bits, on the last token");
        assertThat(cell.get("test").getAsDouble()).isBetween(0.47, 0.53);
        assertThat(cell.get("testHard").getAsDouble()).isBetween(0.47, 0.53);
    }

    @Test
    void resumesAnInterruptedRun() throws Exception {
        fake.faults().breakTrainingOfHeadsNamed("fpt-3e-03-2", 20);
        fake.faults().dropPredictionStreams();
        assertThat(runOnFake("--contender", "fpt", "--rates", "3e-3", "--seeds", "1,2"))
                .isEqualTo(3);
        assertThat(err()).contains("eval fpt: ", "UNAVAILABLE (SHUTTING_DOWN): stopped by the test");

        try (FakeReservoir sound = new FakeReservoir()) {
            sound.reportSubstrate("minilm");
            assertThat(run(sound.target(), "--contender", "fpt", "--rates", "3e-3", "--seeds", "1"))
                    .isZero();
            assertThat(sound.createdNames()).hasSize(1);

            assertThat(run(sound.target(), "--contender", "fpt", "--rates", "3e-3", "--seeds", "1,2"))
                    .isZero();
            assertThat(sound.createdNames()).hasSize(2).last().asString().endsWith("-2");
            assertThat(out()).contains("known      1 cells of earlier runs");
            assertThat(cells()).hasSize(2);

            assertThat(run(sound.target(), "--contender", "fpt", "--rates", "3e-3", "--seeds", "1,2"))
                    .isZero();
            assertThat(sound.createdNames()).hasSize(2);
            assertThat(out()).contains("100.0 +- 0.0 %");
        }
    }

    @Test
    void reportsAFailedHeadAndContinues() throws Exception {
        fake.faults().breakTrainingOfHeadsNamed("fpt-1e00-1", 20);

        assertThat(runOnFake("--contender", "fpt", "--rates", "1,3e-3")).isZero();

        assertThat(cells())
                .anySatisfy(
                        cell -> assertThat(cell.getAsJsonObject().get("failure").getAsString())
                                .contains("HEAD_FAILED"));
        assertThat(out()).contains("100.0 +- 0.0 %");
    }

    @Test
    void reportsWhatItDoesNotRun() throws Exception {
        assertThat(run(fake.target(), "--quick", "--task", "listops,cifar-10,cifar-10-lra"))
                .isZero();

        assertThat(out())
                .contains("listops: not run, not part of --quick")
                .contains("cifar-10: not run, not part of --quick")
                .contains(
                        "cifar-10-lra: not run, 1,024 tokens: minilm has 512 positions; it also needs data_batch_1.bin")
                .contains("all tasks random: not run, it needs a server of random:minilm");
        assertThat(json().getAsJsonArray("tasks")).isEmpty();
        assertThat(json().getAsJsonArray("notRun")).hasSize(4);
    }

    @Test
    void startsAServerForEachSubstrateWithCellsDue() throws Exception {
        String jar = FakeServerJar.in(folder).toString();
        List<String> options = List.of(
                "--server-jar",
                jar,
                "--quick",
                "--task",
                "bit-xor",
                "--examples",
                "64",
                "--contender",
                "fpt,random",
                "--rates",
                "3e-3",
                "--seeds",
                "1");

        assertThat(execute(options)).isZero();

        assertThat(err()).isEmpty();
        assertThat(folder.resolve("server-minilm.log")).content().contains("loading weights");
        assertThat(folder.resolve("server-random-minilm.log")).content().contains("loading weights");
        assertThat(json().getAsJsonArray("substrates"))
                .extracting(facts -> facts.getAsJsonObject().get("name").getAsString())
                .containsExactlyInAnyOrder("minilm", "random:minilm");
        assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive))
                .isEmpty();

        Files.delete(folder.resolve("server-minilm.log"));
        assertThat(execute(options)).isZero();
        assertThat(folder.resolve("server-minilm.log")).doesNotExist();
        assertThat(cells()).hasSize(2);
    }

    @Test
    void failsWhenNothingMakesProgress() {
        fake.faults().fallSilent();

        assertThat(runOnFake("--contender", "fpt", "--rates", "3e-3", "--seeds", "1", "--stall-limit", "1"))
                .isEqualTo(3);

        assertThat(err())
                .contains("no head learned or answered for 1 s: bit-xor fpt rate 0.003 seed 1 learning at 0 of 64");
    }

    @ParameterizedTest
    @CsvSource({
        "--task=x, '--task: x (expected: one of bit-xor, bit-memory, listops, mnist, cifar-10, cifar-10-lra)'",
        "--contender=x, '--contender: x (expected: one of fpt, random, fpt-companion, readout-norms-input,'",
        "--rates=0, '--rates: 0.0 (expected: 1e-6 to 1)'",
        "'--rates=1e-3,1e-3', '--rates: [0.001, 0.001] (expected: each once)'",
        "--seeds=-1, '--seeds: -1 (expected: at least 0)'",
        "'--seeds=2,2', '--seeds: [2, 2] (expected: each once)'",
        "--examples=10, '--examples: 10 (expected: a multiple of 16)'",
        "--together=0, '--together: 0 (expected: 1 to 256)'",
        "--data=/no/such, '--data: /no/such (expected: a folder)'",
        "--target=nowhere, '--target: nowhere (expected: host:port, port 1 to 65535)'",
        "--server-jar=/no/such.jar, '--server-jar: /no/such.jar (expected: a jar;'",
        "--start-limit=0, '--start-limit: 0 (expected: at least 1)'",
        "--stall-limit=0, '--stall-limit: 0 (expected: at least 1)'",
        "--rates=fast, Invalid value for option '--rates'",
        "--unknown, Unknown option",
    })
    void reportsInvalidOptions(String option, String message) {
        assertThat(execute(List.of(option))).isEqualTo(2);
        assertThat(err()).contains(message);
    }

    private int runOnFake(String... options) {
        return run(
                fake.target(),
                Stream.concat(Stream.of("--quick", "--task", "bit-xor", "--examples", "64"), Stream.of(options))
                        .toArray(String[]::new));
    }

    private int run(String target, String... options) {
        List<String> fixed = Stream.of(options).anyMatch("--quick"::equals)
                ? List.of("--target", target)
                : List.of("--target", target, "--quick", "--task", "bit-xor", "--examples", "64");
        return execute(Stream.concat(fixed.stream(), Stream.of(options)).toList());
    }

    private int execute(List<String> options) {
        outBytes.reset();
        errBytes.reset();
        PrintStream out = new PrintStream(outBytes, true, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(errBytes, true, StandardCharsets.UTF_8);
        return new CommandLine(new FptCommand(Terminal.NONE, out, err, folder.resolve("home")))
                .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
                .execute(Stream.concat(Stream.of("--out", folder.toString()), options.stream())
                        .toArray(String[]::new));
    }

    private String out() {
        return outBytes.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return errBytes.toString(StandardCharsets.UTF_8);
    }

    private JsonObject json() throws IOException {
        return JsonParser.parseString(Files.readString(folder.resolve("eval-fpt.json")))
                .getAsJsonObject();
    }

    private List<JsonElement> cells() throws IOException {
        return json().getAsJsonArray("tasks")
                .get(0)
                .getAsJsonObject()
                .getAsJsonArray("cells")
                .asList();
    }
}
