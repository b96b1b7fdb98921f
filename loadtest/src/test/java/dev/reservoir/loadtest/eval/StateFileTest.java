// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.v1.Substrate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StateFileTest {
    private static final CellKey FIRST = new CellKey("task", "fpt", 1e-3, 1);
    private static final CellKey SECOND = new CellKey("task", "fpt", 3e-3, 1);
    private static final SubstrateFacts FACTS = SubstrateFacts.of(Substrate.newBuilder()
            .setName("minilm")
            .setDigest("d1")
            .setFamily("bert")
            .setPositions(512)
            .setParameters(22_600_000)
            .setPrecision("f32")
            .setDevice("cpu")
            .setLanes(2)
            .setServerVersion("1")
            .build());

    @TempDir
    private Path folder;

    @Test
    void readsBackTheNewestResultOfEachCell() throws Exception {
        Path file = folder.resolve("new/cells.jsonl");
        StateFile written = StateFile.open(file);
        written.add(FACTS);
        written.add(FACTS);
        CellResult validated = Results.of(FIRST, 0.5, null);
        written.add(validated);
        written.add(Results.of(SECOND, null, null));
        written.add(validated.tested(0.75, 0.5));
        CellResult otherForm =
                Results.trained(FIRST, "another form").validation(0.25).build();
        written.add(otherForm);

        StateFile read = StateFile.open(file);

        assertThat(read.results())
                .containsExactlyInAnyOrder(validated.tested(0.75, 0.5), Results.of(SECOND, null, null), otherForm);
        assertThat(read.substrates()).containsExactly(Map.entry("minilm", FACTS));
        assertThat(Files.readAllLines(file)).hasSize(5);
    }

    @Test
    void ignoresAnUnfinishedLine() throws Exception {
        Path file = folder.resolve("cells.jsonl");
        StateFile.open(file).add(Results.of(FIRST, 0.5, null));
        String text = Files.readString(file);
        Files.writeString(file, text.substring(0, text.length() / 2), StandardOpenOption.APPEND);

        StateFile read = StateFile.open(file);
        assertThat(read.results()).containsExactly(Results.of(FIRST, 0.5, null));

        read.add(Results.of(SECOND, 0.5, null));
        assertThat(StateFile.open(file).results()).hasSize(2);
    }
}
