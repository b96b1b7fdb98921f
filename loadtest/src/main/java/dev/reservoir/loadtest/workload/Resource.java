// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** A gzip file beside this class. */
record Resource(String name) {

    byte[] bytes() {
        try (InputStream stored = Resource.class.getResourceAsStream(name)) {
            if (stored == null) {
                throw new IOException("resource: " + name + " (expected: beside " + Resource.class.getName() + ")");
            }
            return new GZIPInputStream(stored).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Lines of UTF-8 text, separated by line feeds alone, since the texts contain other characters that count as line
     * ends.
     */
    List<String> lines() {
        return List.of(new String(bytes(), StandardCharsets.UTF_8).split("\n"));
    }

    /** Lines of {@code columns} tab-separated fields. */
    List<String[]> rows(int columns) {
        return lines().stream()
                .map(line -> {
                    String[] fields = line.split("\t", -1);
                    if (fields.length != columns) {
                        throw new UncheckedIOException(new IOException(name + ": " + fields.length
                                + " fields (expected: " + columns + ") in \"" + line + "\""));
                    }
                    return fields;
                })
                .toList();
    }
}
