// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.math;

/**
 * A counter-based generator: the number at a place of its sequence is a function of the seed and the place, so that the
 * count of numbers drawn is all its state. The function is the output mix of SplitMix64 (Steele, Lea and Flood 2014,
 * DOI 10.1145/2660193.2660195) of a multiple of the golden ratio, added to a key that is the mixed seed; equal seeds
 * give equal sequences in every process. Not for secrets. Not thread-safe.
 */
public final class CounterRandom {
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private final long key;
    private long drawn;

    public CounterRandom(long seed) {
        this(seed, 0);
    }

    /** The generator after {@code drawn} numbers. */
    public CounterRandom(long seed, long drawn) {
        this.key = mix(seed + GOLDEN);
        this.drawn = drawn;
    }

    /** Numbers drawn so far, those that were rejected included. */
    public long drawn() {
        return drawn;
    }

    /**
     * A number from 0 to {@code bound - 1}, all equally likely: the high half of a product, numbers that would favour
     * some results rejected (Lemire 2019, DOI 10.1145/3230636).
     *
     * @param bound at least 1
     */
    public long nextLong(long bound) {
        if (bound < 1) {
            throw new IllegalArgumentException("bound: " + bound + " (expected: at least 1)");
        }
        long least = Long.remainderUnsigned(-bound, bound);
        long low;
        long high;
        do {
            long bits = mix(key + GOLDEN * ++drawn);
            low = bits * bound;
            high = Math.multiplyHigh(bits, bound) + (bits >> 63 & bound);
        } while (Long.compareUnsigned(low, least) < 0);
        return high;
    }

    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
