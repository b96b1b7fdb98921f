// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BenchReportTest {
    private final Measured plain = new Measured("a.rate", Spread.of(1, 2, 30), "1/s");
    private final Measured missed = new Measured("a.ratio", Spread.of(0.5, 0.8, 0.9), "x")
            .withTarget(Target.atLeast(0.85))
            .withNote("how");
    private final Measured met = new Measured("b", Spread.of(90), "MB").withTarget(Target.atMost(100));

    @TempDir
    private Path folder;

    @Test
    void writesEveryMemberEvenWithoutATarget() throws Exception {
        JsonObject machine = new JsonObject();
        machine.addProperty("processor", "P");
        Path file = folder.resolve("new/bench.json");

        new BenchReport(List.of(plain, missed, met), machine, 3).write(file);

        JsonObject report = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
        assertThat(report.getAsJsonObject("machine").get("processor").getAsString())
                .isEqualTo("P");
        JsonArray figures = report.getAsJsonArray("figures");
        assertThat(figures).hasSize(3);
        for (int i = 0; i < 3; i++) {
            assertThat(figures.get(i).getAsJsonObject().keySet())
                    .contains("name", "value", "unit", "low", "high", "target", "met");
        }
        JsonObject first = figures.get(0).getAsJsonObject();
        assertThat(first.get("target").isJsonNull()).isTrue();
        assertThat(first.get("met").isJsonNull()).isTrue();
        assertThat(first.get("value").getAsDouble()).isEqualTo(2);
        assertThat(first.get("low").getAsDouble()).isEqualTo(1);
        assertThat(first.get("high").getAsDouble()).isEqualTo(30);
        JsonObject second = figures.get(1).getAsJsonObject();
        assertThat(second.get("target").getAsDouble()).isEqualTo(0.85);
        assertThat(second.get("met").getAsBoolean()).isFalse();
        assertThat(figures.get(2).getAsJsonObject().get("met").getAsBoolean()).isTrue();
    }

    @Test
    void namesWhatMissesItsTarget() {
        BenchReport report = new BenchReport(List.of(plain, missed, met), new JsonObject(), 3);

        assertThat(report.missed()).containsExactly(missed);
        assertThat(BenchReport.line(missed).strip().replaceAll(" +", " "))
                .isEqualTo("a.ratio 0.80 x (0.50 to 0.90) NOT MET: at least 0.85 [how]");
        assertThat(BenchReport.line(met).strip().replaceAll(" +", " ")).isEqualTo("b 90.0 MB met: at most 100.0");
    }
}
