// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;

/**
 * A sparse Johnson-Lindenstrauss transform in the block construction of Kane and Nelson (2014, doi:10.1145/2559902):
 * the output is cut into {@link #NONZEROS} blocks and each input coordinate is mapped to one output of each block, with
 * a sign and weight {@code 1 / sqrt(NONZEROS)}. Norms and distances are preserved on average, with a relative error of
 * about {@code sqrt(2 / out)}. Outputs and signs are hashed from the coordinate (the finaliser of SplitMix64,
 * doi:10.1145/2660193.2660195), so nothing is stored, whatever {@code in}.
 */
final class SparseProjection implements Projection {
    /** Nonzeros of an input coordinate. */
    static final int NONZEROS = 4;

    private static final float WEIGHT = 0.5f;
    /** Bits that choose an output within a block; one more chooses the sign. */
    private static final int OUTPUT_BITS = 15;

    /** Most inputs of a map that is exported: it takes 32 bytes per input. */
    private static final int MAX_EXPORTED = 1 << 22;

    private final int in;
    private final int out;
    private final long seed;
    private final int block;

    /** @param out at least {@link #NONZEROS}; outputs past the last whole block stay 0 */
    SparseProjection(int in, int out) {
        this.in = in;
        this.out = out;
        this.seed = mix(31L * in + out);
        this.block = out / NONZEROS;
    }

    @Override
    public int in() {
        return in;
    }

    @Override
    public int out() {
        return out;
    }

    @Override
    public void add(int coordinate, float value, float[] target, int offset) {
        long bits = bits(coordinate);
        float weighted = WEIGHT * value;
        int start = offset;
        for (int k = 0; k < NONZEROS; k++) {
            int output = (int) (((bits & 0x7FFF) * block) >>> OUTPUT_BITS);
            target[start + output] += (bits & 0x8000) == 0 ? weighted : -weighted;
            bits >>>= OUTPUT_BITS + 1;
            start += block;
        }
    }

    @Override
    public double meanGain() {
        return 1;
    }

    @Override
    public void visitParts(String name, float gain, PartVisitor parts) {
        if (in > MAX_EXPORTED) {
            throw new Refused(
                    Reason.TOO_LARGE,
                    name + ": a map of " + in + " numbers (expected: at most " + MAX_EXPORTED + " to be written out)");
        }
        int[] shape = {in, NONZEROS};
        float weight = WEIGHT * gain;
        parts.tensor(new NamedTensor(
                name + ".places", NamedTensor.Type.I32, shape, i -> output(bits(i / NONZEROS), i % NONZEROS)));
        parts.tensor(new NamedTensor(
                name + ".values",
                NamedTensor.Type.F32,
                shape,
                i -> Float.floatToRawIntBits(positive(bits(i / NONZEROS), i % NONZEROS) ? weight : -weight)));
    }

    private long bits(int coordinate) {
        return mix(seed + coordinate * 0x9E3779B97F4A7C15L);
    }

    /** The output of block {@code k} to which a coordinate is mapped. */
    private int output(long bits, int k) {
        long own = bits >>> k * (OUTPUT_BITS + 1);
        return k * block + (int) (((own & 0x7FFF) * block) >>> OUTPUT_BITS);
    }

    private static boolean positive(long bits, int k) {
        return (bits >>> k * (OUTPUT_BITS + 1) & 0x8000) == 0;
    }

    private static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }
}
