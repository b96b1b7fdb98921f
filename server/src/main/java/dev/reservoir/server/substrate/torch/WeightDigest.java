// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.torch;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SHA-256 over everything that determines a substrate's results: program, configuration, number type and the weights as
 * stored. Not thread-safe.
 */
public final class WeightDigest {
    private final MessageDigest digest;

    /**
     * Begins a digest.
     *
     * @param source the program's source
     * @param configuration every value that the program is configured with, in one fixed form
     * @param products how the products run
     */
    public WeightDigest(String source, String configuration, Products products) {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is missing from this Java runtime", e);
        }
        text(source);
        text(configuration);
        text(products.name());
    }

    /** Adds a weight's bytes, in the order in which the program has its weights. */
    public void add(ByteBuffer weight) {
        digest.update(weight);
    }

    /** Ends the digest: 64 hexadecimal characters. */
    public String end() {
        return HexFormat.of().formatHex(digest.digest());
    }

    private void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
        digest.update(bytes);
    }
}
