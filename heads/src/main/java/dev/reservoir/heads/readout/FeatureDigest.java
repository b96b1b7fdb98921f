// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import java.security.SecureRandom;

/**
 * Keyed 122-bit digests by which equal feature rows and equal histories are recognised: two polynomial hashes modulo
 * the prime {@code 2^61 - 1} (Carter and Wegman 1979, DOI 10.1016/0022-0000(79)90044-8). Two different rows of
 * {@code F} numbers collide with probability below {@code (F / 2^61)^2}, whoever chose them, because the evaluation
 * points are secret.
 */
final class FeatureDigest {
    private static final long PRIME = (1L << 61) - 1;

    /** A digest of one row, or of all rows so far. */
    record Digest(long high, long low) {}

    private final long highPoint;
    private final long lowPoint;

    FeatureDigest(SecureRandom random) {
        highPoint = point(random);
        lowPoint = point(random);
    }

    private static long point(SecureRandom random) {
        return (1L << 40) + (random.nextLong() >>> 4);
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
