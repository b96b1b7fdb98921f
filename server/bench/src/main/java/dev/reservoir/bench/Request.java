// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;

/** A line that asks for a measurement: a JSON object with {@code measure} and that measurement's own members. */
final class Request {
    private final JsonObject members;

    private Request(JsonObject members) {
        this.members = members;
    }

    /** @throws IllegalArgumentException if the line is not a JSON object */
    static Request parse(String line) {
        JsonElement parsed;
        try {
            parsed = JsonParser.parseString(line);
        } catch (JsonParseException e) {
            throw new IllegalArgumentException("line: " + shown(line) + " (expected: a JSON object)", e);
        }
        if (!parsed.isJsonObject()) {
            throw new IllegalArgumentException("line: " + shown(line) + " (expected: a JSON object)");
        }
        return new Request(parsed.getAsJsonObject());
    }

    int integer(String name, int least, int most) {
        JsonElement value = members.get(name);
        String expected = name + ": " + value + " (expected: a whole number, " + least + " to " + most + ")";
        double number;
        try {
            number = value == null ? Double.NaN : value.getAsDouble();
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(expected, e);
        }
        if (!(number >= least && number <= most) || number != Math.rint(number)) {
            throw new IllegalArgumentException(expected);
        }
        return (int) number;
    }

    String text(String name) {
        JsonElement value = members.get(name);
        if (value == null || !value.isJsonPrimitive()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: a string)");
        }
        return value.getAsString();
    }

    List<String> texts(String name) {
        JsonElement value = members.get(name);
        if (value == null || !value.isJsonArray() || value.getAsJsonArray().isEmpty()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: a list of strings)");
        }
        List<String> texts = new ArrayList<>();
        value.getAsJsonArray().forEach(element -> texts.add(element.getAsString()));
        return texts;
    }

    private static String shown(String line) {
        return line.length() > 200 ? line.substring(0, 200) + "..." : line;
    }
}
