// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The processor's own description.
 *
 * @param bf16 whether it has bf16 multiplication; if not, libtorch falls back to reference code
 */
public record Processor(String model, boolean bf16) {
    private static final Set<String> BF16_FLAGS = Set.of("avx512_bf16", "amx_bf16");

    /** Reads {@code /proc/cpuinfo}; without it, nothing is assumed. */
    public static Processor read() {
        Path list = Path.of("/proc/cpuinfo");
        try {
            return Files.isReadable(list) ? parse(Files.readAllLines(list)) : new Processor("unknown processor", false);
        } catch (IOException e) {
            return new Processor("unknown processor", false);
        }
    }

    static Processor parse(List<String> lines) {
        Set<String> flags = Arrays.stream(value(lines, "flags").split(" ")).collect(Collectors.toSet());
        String model = value(lines, "model name");
        return new Processor(
                model.isEmpty() ? "unknown processor" : model,
                BF16_FLAGS.stream().anyMatch(flags::contains));
    }

    private static String value(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key))
                .map(line -> line.substring(line.indexOf(':') + 1).trim())
                .findFirst()
                .orElse("");
    }
}
