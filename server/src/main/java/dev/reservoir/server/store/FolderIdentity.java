// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

/**
 * What the heads of a data folder were made on, and are served on after every restart.
 *
 * @param substrate its name, for example {@code minilm}
 * @param substrateDigest digest of its weights, configuration, precision and program
 * @param precision of the numbers inside it, for example {@code f32}
 * @param numerics fingerprint of what decides the last bit of a result: instruction set, libraries, threads
 */
public record FolderIdentity(String substrate, String substrateDigest, String precision, String numerics) {
    public FolderIdentity {
        check("substrate", substrate);
        check("substrate digest", substrateDigest);
        check("precision", precision);
        check("numerics", numerics);
    }

    private static void check(String name, String value) {
        if (value.isBlank() || value.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(name + ": \"" + value + "\" (expected: one line of text)");
        }
    }
}
