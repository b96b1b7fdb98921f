// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate;

import java.util.regex.Pattern;

/**
 * Which substrate to open and how to run it.
 *
 * @param name {@code minilm}, or {@code random:minilm} for the same shape with seeded random frozen weights
 * @param precision number type inside the program
 * @param device {@code auto}, {@code cpu} or {@code cuda:N}
 * @param intraOpThreads threads inside one product, at least 1; a calling thread is one of them
 */
public record SubstrateOptions(String name, Precision precision, String device, int intraOpThreads) {
    private static final Pattern DEVICE = Pattern.compile("auto|cpu|cuda:[0-9]{1,3}");

    public SubstrateOptions {
        if (!DEVICE.matcher(device).matches()) {
            throw new IllegalArgumentException("device: " + device + " (expected: auto, cpu or cuda:N)");
        }
        if (intraOpThreads < 1) {
            throw new IllegalArgumentException("intra-op threads: " + intraOpThreads + " (expected: >= 1)");
        }
    }

    /** One intra-op thread, precision and device chosen by the program. */
    public static SubstrateOptions of(String name) {
        return new SubstrateOptions(name, Precision.AUTO, "auto", 1);
    }

    public SubstrateOptions withPrecision(Precision value) {
        return new SubstrateOptions(name, value, device, intraOpThreads);
    }
}
