// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.reservoir.loadtest.client.LoadReport;
import dev.reservoir.loadtest.report.DemoReport.Memory;
import dev.reservoir.loadtest.report.DemoReport.Serving;
import dev.reservoir.loadtest.report.DemoReport.SubstrateFacts;
import dev.reservoir.v1.Substrate;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReportTest {
    @TempDir
    private Path folder;

    @Test
    void tableShowsTheResultOfEachHead() {
        List<String> lines = ResultTable.lines(
                report(head("sentiment", "accuracy", 0.903, 0.5, 0.824), head("demand", "mae", 0.2, 0.4, 0.25)),
                List.of(Path.of("/tmp/demo.json")),
                Style.PLAIN);

        assertThat(lines.subList(0, 3))
                .containsExactly(
                        "head       reads  learns          examples  held-out  baseline  no substrate  verdict",
                        "sentiment  text   classification     2,000    90.3 %    50.0 %        82.4 %  beats both,"
                                + " +7.9 points",
                        "demand     text   classification     2,000     0.200     0.400         0.250  beats both,"
                                + " -20 % error");
        assertThat(String.join("\n", lines))
                .contains("1,000 predictions (200 of an observation sent before), none failed")
                .contains("29/s of 30/s requested, p50 3.5 ms, p99 21 ms, longest 88 ms")
                .contains("600 MB resident (500 MB before they were created)")
                .contains("a model each: 1.00 GB as 2 servers of 500 MB, 1.7 times as much; their weights alone 180 MB"
                        + " (2 x 90 MB)")
                .contains("/tmp/demo.json", "  sentiment: majority")
                .endsWith("OK: 2 heads of 1 modalities learned at once on one frozen transformer; all beat their"
                        + " baseline, 2 of 2 the same learner without it");
    }

    @Test
    void tableNamesAHeadThatDoesNotBeatItsBaseline() {
        DemoReport report = report(head("sentiment", "accuracy", 0.5, 0.5, 0.4), head("ok", "mae", 1, 2, 0.5));
        List<String> lines = ResultTable.lines(report, List.of(), Style.COLOURED);

        assertThat(report.failed()).extracting(HeadResult::name).containsExactly("sentiment");
        assertThat(lines.get(1)).startsWith("\u001b[1;31msentiment").contains("DOES NOT BEAT ITS BASELINE");
        assertThat(lines.get(2)).contains("beats baseline, not control").doesNotContain("\u001b");
        assertThat(lines.get(lines.size() - 1)).contains("FAILED: sentiment does not beat its baseline");
    }

    @Test
    void progressShowsEachHeadAndACondensedLine() {
        List<ProgressTable.Row> rows = List.of(
                new ProgressTable.Row("sentiment", 500, 2000, "accuracy", 0.8125, 104.4),
                new ProgressTable.Row("demand", 0, 900, "mae", Double.NaN, 0));
        ProgressTable.Traffic traffic = new ProgressTable.Traffic(1234, 2, 29.7, 3.21, 41.2);

        assertThat(ProgressTable.block(rows, traffic, 12.3, Style.PLAIN))
                .containsExactly(
                        "head       learning                   examples  last few hundred  examples/s",
                        "sentiment  [#####-----------------]  500/2,000            81.3 %       104/s",
                        "demand     [----------------------]      0/900                 -       0.0/s",
                        "12 s   meanwhile predicted 1,234 at 30/s, p50 3.2 ms, p99 41 ms, 2 failed");
        assertThat(ProgressTable.line(rows, traffic, 12.3))
                .isEqualTo(
                        "  12 s  sentiment 25% (81.3%) demand 0% | predicted 1,234, p50 3.2 ms, p99 41 ms, 2 failed");
    }

    @Test
    void jsonHasTheDocumentedNames() throws Exception {
        Path file = folder.resolve("new/folder/demo.json");
        JsonFile.write(file, report(head("sentiment", "accuracy", 0.9, 0.5, 0.8)));

        JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
        assertThat(json.keySet()).contains("heads", "serving", "memory", "substrate", "machine");
        JsonObject head = json.getAsJsonArray("heads").get(0).getAsJsonObject();
        assertThat(head.keySet())
                .contains(
                        "name",
                        "modality",
                        "kind",
                        "task",
                        "examples",
                        "score",
                        "metric",
                        "baseline",
                        "control",
                        "examplesPerSecond",
                        "baselineName",
                        "curve");
        assertThat(head.get("score").getAsDouble()).isEqualTo(0.9);
        assertThat(head.get("examples").getAsString()).isEqualTo("2000");
        assertThat(json.getAsJsonObject("serving").keySet())
                .contains("p50Millis", "p99Millis", "targetRate", "achievedRate", "predictions", "errors");
        assertThat(json.getAsJsonObject("memory").keySet())
                .contains("processResidentBytes", "weightBytes", "modelEachBytes", "ratio");
    }

    @Test
    void jsonRefusesANumberThatIsNotFinite() {
        DemoReport report = report(head("sentiment", "accuracy", Double.NaN, 0.5, 0.8));

        assertThatThrownBy(() -> JsonFile.write(folder.resolve("demo.json"), report))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("NaN");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void drawsAPicturePerHeadAndAnOverview() throws Exception {
        List<HeadResult> heads = List.of(
                head("sentiment", "accuracy", 0.9, 0.5, 0.8), head("demand", "mae", 0.2, 0.4, 0.25), bare("bits"));

        List<Path> files = CurveChart.write(folder, heads);

        assertThat(files)
                .extracting(file -> file.getFileName().toString())
                .containsExactly("overview.png", "sentiment.png", "demand.png", "bits.png");
        BufferedImage overview = ImageIO.read(files.get(0).toFile());
        assertThat(overview.getWidth()).isEqualTo(2 * 620);
        assertThat(overview.getHeight()).isEqualTo(2 * 400);
        for (Path file : files) {
            BufferedImage image = ImageIO.read(file.toFile());
            assertThat(coloursOf(image)).as(file.toString()).isGreaterThan(20);
        }
    }

    private static long coloursOf(BufferedImage image) {
        return IntStream.range(0, image.getWidth() * image.getHeight())
                .map(i -> image.getRGB(i % image.getWidth(), i / image.getWidth()))
                .distinct()
                .count();
    }

    private static DemoReport report(HeadResult... heads) {
        return new DemoReport(
                List.of(heads),
                Serving.of(new LoadReport(30, 29, 1_000, 1_000, 0, new LoadReport.Latency(3.5, 21, 88), ""), 200),
                Memory.of(600_000_000, 500_000_000, 90_000_000, heads.length),
                SubstrateFacts.of(Substrate.newBuilder()
                        .setName("fake")
                        .setDigest("00")
                        .setFamily("none")
                        .setParameters(1)
                        .setPrecision("f32")
                        .setPrecisionReason("only")
                        .setDevice("cpu")
                        .setLanes(1)
                        .setCoBatchingIdentical(true)
                        .setCoBatchingCheck("all")
                        .setServerVersion("0")
                        .build()),
                Machine.here(),
                61.2);
    }

    private static HeadResult head(String name, String metric, double score, double baseline, double control) {
        return builder(name, "text")
                .training(2_000, 0, 120.5)
                .score(metric, score, 500)
                .baseline("majority", baseline)
                .control(control)
                .curves(
                        curve(baseline, score),
                        curve(baseline, control),
                        curve(baseline, score).subList(3, 9))
                .build();
    }

    private static HeadResult bare(String name) {
        return builder(name, "tokens")
                .training(10, 0, 1)
                .score("accuracy", 1, 5)
                .baseline("majority", 0.5)
                .control(0.5)
                .build();
    }

    private static HeadResult.Builder builder(String name, String modality) {
        return HeadResult.builder(name, "The task of " + name, "tenants/demo/heads/" + name)
                .spec(modality, "readout", "classification")
                .source("made up");
    }

    private static List<CurvePoint> curve(double from, double to) {
        return IntStream.rangeClosed(1, 20)
                .mapToObj(i -> new CurvePoint(100L * i, to + (from - to) * Math.exp(-i / 4.0)))
                .toList();
    }
}
