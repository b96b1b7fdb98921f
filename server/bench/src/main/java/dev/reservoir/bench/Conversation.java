// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Map;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers each line with one line, a JSON object; a failed measurement is answered with {@code error}, and the
 * conversation continues.
 */
final class Conversation {
    private static final Logger LOG = LoggerFactory.getLogger(Conversation.class);

    private final Map<String, Measurement> measurements;

    Conversation(Map<String, Measurement> measurements) {
        this.measurements = Map.copyOf(measurements);
    }

    /** Runs until the input ends. */
    void run(BufferedReader lines, PrintStream answers) throws IOException {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answers.println(answer(line));
            answers.flush();
        }
    }

    JsonObject answer(String line) {
        try {
            Request request = Request.parse(line);
            String name = request.text("measure");
            Measurement measurement = measurements.get(name);
            if (measurement == null) {
                throw new IllegalArgumentException(
                        "measure: " + name + " (expected: of " + new TreeSet<>(measurements.keySet()) + ")");
            }
            return measurement.measure(request);
        } catch (IllegalArgumentException e) {
            return error(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.error("A measurement failed", e);
            return error(e.toString());
        }
    }

    private static JsonObject error(String message) {
        JsonObject answer = new JsonObject();
        answer.addProperty("error", message);
        return answer;
    }
}
