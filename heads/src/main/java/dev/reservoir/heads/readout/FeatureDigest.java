// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Keyed 122-bit digests by which equal feature rows and equal histories are recognised: two polynomial hashes modulo
 * the prime {@code 2^61 - 1} (Carter and Wegman 1979, DOI 10.1016/0022-0000(79)90044-8). Two different rows of
 * {@code F} numbers collide with probability below {@code (F / 2^61)^2}, whoever chose them, because the evaluation
 * points are secret.
 */
final class FeatureDigest {
    private static final long PRIME = (1L << 61) - 1;

    /** A digest of one row, or of all rows so far. */
    record Digest(long high, long low) {
        /** Whether there are rows with this digest. */
        boolean valid() {
            return high >= 0 && high < PRIME && low >= 0 && low < PRIME;
        }
    }

    private final long highPoint;
    private final long lowPoint;

    /** Bytes of a key. */
    static final int KEY_BYTES = 16;

    private final long keyCheck;

    /** @param key {@link #KEY_BYTES} random bytes, a secret */
    FeatureDigest(byte[] key) {
        if (key.length != KEY_BYTES) {
            throw new IllegalArgumentException("key: " + key.length + " bytes (expected: " + KEY_BYTES + ")");
        }
        ByteBuffer bytes = ByteBuffer.wrap(key).order(ByteOrder.LITTLE_ENDIAN);
        highPoint = point(bytes.getLong());
        lowPoint = point(bytes.getLong());
        keyCheck = check(key);
    }

    private static long point(long random) {
        return (1L << 40) + (random >>> 4);
    }

    private static long check(byte[] key) {
        try {
            return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(key))
                    .getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Tells keys apart without revealing them. */
    long keyCheck() {
        return keyCheck;
    }

    /** Digest of the bits of {@code values[from .. from + width)}. */
    Digest row(float[] values, int from, int width) {
        long high = 1;
        long low = 1;
        for (int i = from; i < from + width; i++) {
            long bits = Float.floatToRawIntBits(values[i]) & 0xffffffffL;
            high = multiplyAdd(high, highPoint, bits);
            low = multiplyAdd(low, lowPoint, bits);
        }
        return new Digest(high, low);
    }

    /** Digest of a history extended by {@code row}. */
    Digest then(Digest history, Digest row) {
        return new Digest(
                multiplyAdd(multiplyAdd(history.high, highPoint, row.high), highPoint, row.low),
                multiplyAdd(multiplyAdd(history.low, lowPoint, row.high), lowPoint, row.low));
    }

    /** {@code (a * b + c) mod PRIME}, for arguments below {@code 2^61}. */
    private static long multiplyAdd(long a, long b, long c) {
        long product = a * b;
        long sum = (product & PRIME) + ((Math.multiplyHigh(a, b) << 3) | (product >>> 61)) + c;
        sum = (sum & PRIME) + (sum >>> 61);
        return sum >= PRIME ? sum - PRIME : sum;
    }
}
