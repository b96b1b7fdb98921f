// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The figures of a run.
 *
 * @param machine what they were measured on
 */
record BenchReport(List<Measured> figures, JsonObject machine, double seconds) {
    private static final Gson GSON = new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .serializeNulls()
            .create();

    BenchReport {
        figures = List.copyOf(figures);
    }

    /** Those that miss their target. */
    List<Measured> missed() {
        return figures.stream()
                .filter(figure -> Boolean.FALSE.equals(figure.met()))
                .toList();
    }

    void write(Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Files.writeString(file, GSON.toJson(json()) + "\n");
    }

    /** {@code figures} and {@code machine}; a figure without a target has null there and in {@code met}. */
    JsonObject json() {
        JsonArray all = new JsonArray();
        for (Measured figure : figures) {
            Target target = figure.target();
            JsonObject one = new JsonObject();
            one.addProperty("name", figure.name());
            one.addProperty("value", figure.spread().median());
            one.addProperty("unit", figure.unit());
            one.addProperty("low", figure.spread().low());
            one.addProperty("high", figure.spread().high());
            one.add("target", target == null ? JsonNull.INSTANCE : new JsonPrimitive(target.value()));
            one.add("targetIs", target == null ? JsonNull.INSTANCE : new JsonPrimitive(target.phrase()));
            one.add("met", met(figure.met()));
            one.addProperty("note", figure.note());
            all.add(one);
        }
        JsonObject report = new JsonObject();
        report.add("figures", all);
        report.add("machine", machine);
        report.addProperty("seconds", seconds);
        return report;
    }

    /** One line for a person. */
    static String line(Measured figure) {
        Spread spread = figure.spread();
        String range = spread.low() == spread.high()
                ? ""
                : "  (" + number(spread.low()) + " to " + number(spread.high()) + ")";
        Target target = figure.target();
        String verdict = target == null
                ? ""
                : "  " + (target.met(spread.median()) ? "met" : "NOT MET") + ": " + target.phrase() + " "
                        + number(target.value());
        String note = figure.note().isEmpty() ? "" : "  [" + figure.note() + "]";
        return String.format(Locale.ROOT, "  %-38s %9s %s", figure.name(), number(spread.median()), figure.unit())
                + range
                + verdict
                + note;
    }

    private static JsonElement met(@Nullable Boolean met) {
        return met == null ? JsonNull.INSTANCE : new JsonPrimitive(met);
    }

    private static String number(double value) {
        double size = Math.abs(value);
        int digits = size >= 1_000 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4;
        return String.format(Locale.ROOT, "%,." + digits + "f", value);
    }
}
