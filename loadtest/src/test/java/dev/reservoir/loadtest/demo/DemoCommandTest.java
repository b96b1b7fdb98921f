// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.reservoir.loadtest.fake.FakeReservoir;
import dev.reservoir.loadtest.fake.FakeServerJar;
import dev.reservoir.loadtest.fake.StandIns;
import dev.reservoir.loadtest.report.Style;
import dev.reservoir.loadtest.report.Terminal;
import dev.reservoir.loadtest.workload.Baseline;
import dev.reservoir.loadtest.workload.Workload;
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

final class DemoCommandTest {
    private final FakeReservoir fake;
    private final ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    private final ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    private List<Workload> workloads = List.of(StandIns.fruit(), StandIns.ramp());
    private Terminal terminal = Terminal.NONE;

    @TempDir
    private Path folder;

    DemoCommandTest() throws IOException {
        fake = new FakeReservoir();
    }

    @AfterEach
    void close() {
        fake.close();
    }

    @Test
    void trainsServesAndScoresEveryHeadAndItsControl() throws Exception {
        int exit = runOnFake("--rate", "500");

        assertThat(err()).isEmpty();
        assertThat(exit).isZero();
        assertThat(out())
                .contains("substrate  fake (none, 22.6 million frozen parameters), cpu, 1 lanes, digest 0123456789ab")
                .contains("bit-identical to alone")
                .contains("OK: 2 heads of 2 modalities")
                .doesNotContainPattern("[\\p{Cntrl}&&[^\\n]]");
        JsonObject json = json();
        JsonObject fruit = json.getAsJsonArray("heads").get(0).getAsJsonObject();
        assertThat(fruit.get("name").getAsString()).isEqualTo("fruit");
        assertThat(fruit.get("modality").getAsString()).isEqualTo("text");
        assertThat(fruit.get("kind").getAsString()).isEqualTo("readout");
        assertThat(fruit.get("task").getAsString()).isEqualTo("classification");
        assertThat(fruit.get("examples").getAsLong()).isEqualTo(200);
        assertThat(fruit.get("testExamples").getAsLong()).isEqualTo(50);
        // The head memorises its five words; the control answers one of the two most frequent labels.
        assertThat(fruit.get("score").getAsDouble()).isEqualTo(1.0);
        assertThat(fruit.get("control").getAsDouble()).isEqualTo(0.4);
        assertThat(fruit.getAsJsonArray("curve")).isNotEmpty();
        JsonObject ramp = json.getAsJsonArray("heads").get(1).getAsJsonObject();
        assertThat(ramp.get("metric").getAsString()).isEqualTo("mae");
        assertThat(ramp.get("score").getAsDouble()).isZero();
        // Test windows are numbered 400 to 429 and training windows 0 to 119: mean(2i+6) apart.
        assertThat(ramp.get("control").getAsDouble()).isEqualTo(2 * (414.5 - 59.5));
        JsonObject serving = json.getAsJsonObject("serving");
        assertThat(serving.get("targetRate").getAsDouble()).isEqualTo(500);
        assertThat(serving.get("errors").getAsLong()).isZero();
        assertThat(serving.get("predictions").getAsLong()).isPositive();
        JsonObject memory = json.getAsJsonObject("memory");
        assertThat(memory.get("modelEachBytes").getAsLong()).isEqualTo(2 * 500_000_000L);
        assertThat(memory.get("modelEachWeightsBytes").getAsLong()).isEqualTo(2 * 90_000_000L);
        assertThat(memory.get("ratio").getAsDouble()).isEqualTo(2.0);
        assertThat(folder.resolve("overview.png")).isNotEmptyFile();
        assertThat(folder.resolve("fruit.png")).isNotEmptyFile();
        assertThat(folder.resolve("ramp.png")).isNotEmptyFile();
    }

    @Test
    void leavesARunningServerAsItWas() {
        assertThat(runOnFake()).isZero();
        assertThat(fake.headNames()).isEmpty();
        assertThat(fake.deletedNames())
                .hasSize(4)
                .anyMatch(name -> name.matches("tenants/demo-[0-9a-f]{4}/heads/fruit"));

        assertThat(runOnFake("--keep-heads")).isZero();
        assertThat(fake.headNames()).hasSize(4);
        assertThat(runOnFake("--keep-heads")).isZero();
    }

    @Test
    void redrawsItsTableOnATerminal() {
        terminal = new Terminal(true, Style.COLOURED);

        assertThat(runOnFake()).isZero();

        assertThat(out()).contains("\u001b[?7l", "[######################]", "200/200", "\u001b[32mOK: 2 heads");
    }

    @Test
    void exitsWithOneAndNamesAHeadThatDoesNotBeatItsBaseline() throws Exception {
        workloads = List.of(withBaseline(StandIns.fruit(), 1.0), StandIns.ramp());

        assertThat(runOnFake()).isEqualTo(1);

        assertThat(out()).contains("FAILED: fruit does not beat its baseline");
        assertThat(json().getAsJsonArray("heads")).hasSize(2);
    }

    @Test
    void usesAShareOfTheExamples() throws Exception {
        assertThat(runOnFake("--quick=0.5", "--only", "fruit")).isZero();

        assertThat(json().getAsJsonArray("heads")).hasSize(1);
        JsonObject fruit = json().getAsJsonArray("heads").get(0).getAsJsonObject();
        assertThat(fruit.get("examples").getAsLong()).isEqualTo(100);
        assertThat(fruit.get("testExamples").getAsLong()).isEqualTo(25);
    }

    @Test
    void namesTheHeadAndTheReasonWhenAStreamBreaks() {
        workloads = List.of(StandIns.fruit());
        fake.faults().refuse(3);
        for (int i = 0; i < 1 << 16; i++) {
            fake.faults().breakTraining(String.format("tenants/demo-%04x/heads/fruit", i), 20);
        }

        assertThat(runOnFake()).isEqualTo(3);

        assertThat(err())
                .containsPattern("demo: training tenants/demo-[0-9a-f]{4}/heads/fruit: FAILED_PRECONDITION"
                        + " \\(HEAD_FAILED\\): a weight is not finite")
                .doesNotContain("\tat ");
        assertThat(fake.headNames()).isEmpty();
    }

    @Test
    void failsWhenNothingIsLearned() {
        fake.faults().fallSilent();

        assertThat(runOnFake("--stall-limit", "1")).isEqualTo(3);

        assertThat(err())
                .contains("no head learned anything for 1 s: tenants/demo-")
                .contains("at 0 of 200");
    }

    @Test
    void countsPredictionsThatFailAndEndsWhenScoringFails() {
        fake.faults().failPredictions();

        assertThat(runOnFake()).isEqualTo(3);

        assertThat(err()).contains("RESOURCE_EXHAUSTED (OVERLOADED): refused by the test");
    }

    @Test
    void endsWhenAPredictionStreamBreaks() {
        fake.faults().dropPredictionStreams();

        assertThat(runOnFake()).isEqualTo(3);

        assertThat(err()).contains("UNAVAILABLE (SHUTTING_DOWN): stopped by the test");
    }

    @Test
    void reportsExamplesThatWereRefused() throws Exception {
        fake.faults().refuse(5);

        assertThat(runOnFake()).isZero();

        assertThat(out()).contains(", 1 refused");
        assertThat(json().getAsJsonArray("heads")
                        .get(0)
                        .getAsJsonObject()
                        .get("refused")
                        .getAsLong())
                .isEqualTo(1);
    }

    @Test
    void reportsThatNoServerAnswers() {
        fake.close();

        assertThat(runOnFake()).isEqualTo(3);

        assertThat(err()).contains("demo: substrate of " + fake.target() + ": UNAVAILABLE");
    }

    @Test
    void startsAndEndsAServerOfItsOwn() throws Exception {
        int exit = run("--server-jar", FakeServerJar.in(folder).toString());

        assertThat(err()).isEmpty();
        assertThat(exit).isZero();
        assertThat(out()).contains("page http://127.0.0.1:1/").contains("OK: 2 heads");
        assertThat(folder.resolve("server.log")).content().contains("loading weights");
        assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive))
                .isEmpty();
    }

    @Test
    void showsTheLogOfAServerThatDidNotStart() throws Exception {
        int exit = run("--server-jar", FakeServerJar.in(folder).toString(), "--server-option=--fail");

        assertThat(exit).isEqualTo(3);
        assertThat(err()).contains("exit code 7", "no weights: file not found");
    }

    @Test
    void reportsThatItsServerExited() throws Exception {
        int exit = run("--server-jar", FakeServerJar.in(folder).toString(), "--server-option=--die");

        assertThat(exit).isEqualTo(3);
        assertThat(err())
                .as("the first stream that notices the end names itself")
                .containsPattern("demo: \\S.*: UNAVAILABLE")
                .contains("the server ended with exit code 9", "  out of luck");
    }

    @ParameterizedTest
    @CsvSource({
        "--rate=0, '--rate: 0.0 (expected: above 0, at most 100000)'",
        "--quick=1.5, '--quick: 1.5 (expected: above 0, at most 1)'",
        "--seed=-1, '--seed: -1 (expected: at least 0)'",
        "--target=nowhere, '--target: nowhere (expected: host:port, port 1 to 65535)'",
        "--only=x, '--only: x (expected: one of fruit, ramp)'",
        "--server-jar=/no/such.jar, '--server-jar: /no/such.jar (expected: a jar;'",
        "--unknown, Unknown option",
    })
    void reportsInvalidOptions(String option, String message) {
        assertThat(run(option)).isEqualTo(2);
        assertThat(err()).contains(message);
    }

    private int runOnFake(String... options) {
        return run(Stream.concat(Stream.of("--target", fake.target()), Stream.of(options))
                .toArray(String[]::new));
    }

    private int run(String... options) {
        outBytes.reset();
        errBytes.reset();
        PrintStream out = new PrintStream(outBytes, true, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(errBytes, true, StandardCharsets.UTF_8);
        DemoCommand command = new DemoCommand(() -> workloads, terminal, out, err, folder.resolve("home"));
        return new CommandLine(command)
                .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
                .execute(Stream.concat(Stream.of("--out", folder.toString()), Stream.of(options))
                        .toArray(String[]::new));
    }

    private String out() {
        return outBytes.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return errBytes.toString(StandardCharsets.UTF_8);
    }

    private JsonObject json() throws IOException {
        return JsonParser.parseString(Files.readString(folder.resolve("demo.json")))
                .getAsJsonObject();
    }

    private static Workload withBaseline(Workload workload, double baseline) {
        return new Workload(
                workload.id(),
                workload.title(),
                workload.spec(),
                workload.metric(),
                workload.data(),
                new Baseline(baseline, workload.baseline().name()));
    }
}
