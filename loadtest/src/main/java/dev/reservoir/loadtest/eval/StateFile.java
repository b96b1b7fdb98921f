// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The results of earlier runs, one JSON object per line, the newest of a cell last. A line that a run did not finish is
 * ignored.
 */
final class StateFile {
    private final Path file;
    private final Gson gson = new Gson();
    private final Map<CellKey, Map<String, CellResult>> results = new LinkedHashMap<>();
    private final Map<String, SubstrateFacts> substrates = new LinkedHashMap<>();

    private record Line(
            @Nullable SubstrateFacts substrate, @Nullable CellResult cell) {}

    private StateFile(Path file) {
        this.file = file;
    }

    static StateFile open(Path file) throws IOException {
        StateFile state = new StateFile(file);
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        if (Files.exists(file)) {
            String text = Files.readString(file);
            text.lines().forEach(state::read);
            if (!text.isEmpty() && !text.endsWith("\n")) {
                state.append("\n");
            }
        }
        return state;
    }

    private void read(String text) {
        Line line;
        try {
            line = gson.fromJson(text, Line.class);
        } catch (JsonParseException e) {
            return;
        }
        if (line == null) {
            return;
        }
        SubstrateFacts facts = line.substrate();
        if (facts != null) {
            substrates.put(facts.name(), facts);
        }
        CellResult cell = line.cell();
        if (cell != null) {
            keep(cell);
        }
    }

    private void keep(CellResult cell) {
        results.computeIfAbsent(cell.key(), key -> new LinkedHashMap<>()).put(cell.fingerprint(), cell);
    }

    void add(CellResult cell) throws IOException {
        keep(cell);
        append(gson.toJson(new Line(null, cell)) + "\n");
    }

    void add(SubstrateFacts facts) throws IOException {
        if (!facts.equals(substrates.put(facts.name(), facts))) {
            append(gson.toJson(new Line(facts, null)) + "\n");
        }
    }

    /** The newest result of each cell and form of its task. */
    List<CellResult> results() {
        List<CellResult> all = new ArrayList<>();
        results.values().forEach(forms -> all.addAll(forms.values()));
        return all;
    }

    /** By name. */
    Map<String, SubstrateFacts> substrates() {
        return Map.copyOf(substrates);
    }

    private void append(String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
