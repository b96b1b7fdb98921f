// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/** Reads a shipped gzip file independently of {@link Resource}. */
final class ShippedFile {

    private ShippedFile() {}

    static byte[] gunzip(String name) throws IOException {
        try (GZIPInputStream file =
                new GZIPInputStream(Objects.requireNonNull(Workloads.class.getResourceAsStream(name)))) {
            return file.readAllBytes();
        }
    }

    static List<String> lines(String name) throws IOException {
        return new String(gunzip(name), StandardCharsets.UTF_8).lines().toList();
    }
}
