package dev.reservoir.heads.modality;

/**
 * A sparse Johnson-Lindenstrauss transform in the block construction of Kane and Nelson (2014, doi:10.1145/2559902): the output is cut into
 * {@link #NONZEROS} blocks and each input coordinate goes to one place of each block, with a sign and weight {@code 1 / sqrt(NONZEROS)}.
 * Lengths and distances are kept on average, with a relative error of about {@code sqrt(2 / out)}. Places and signs are hashed from the
 * coordinate (the finaliser of SplitMix64, doi:10.1145/2660193.2660195), so nothing is held in memory, whatever {@code in}.
 */
final class SparseProjection implements Projection {
    /** Nonzeros of an input coordinate. */
    static final int NONZEROS = 4;

    private static final float WEIGHT = 0.5f;
    /** Bits that choose a place; one more chooses the sign. */
    private static final int PLACE_BITS = 15;

    private final int in;
    private final int out;
    private final long seed;
    private final int block;

    /** @param out at least {@link #NONZEROS}; places past the last whole block stay 0 */
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
        long bits = mix(seed + coordinate * 0x9E3779B97F4A7C15L);
        float weighted = WEIGHT * value;
        int start = offset;
        for (int k = 0; k < NONZEROS; k++) {
            int place = (int) (((bits & 0x7FFF) * block) >>> PLACE_BITS);
            target[start + place] += (bits & 0x8000) == 0 ? weighted : -weighted;
            bits >>>= PLACE_BITS + 1;
            start += block;
        }
    }

    @Override
    public double meanGain() {
        return 1;
    }

    private static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }
}
