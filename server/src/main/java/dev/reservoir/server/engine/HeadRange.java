package dev.reservoir.server.engine;

import java.util.stream.IntStream;

/** The heads of one request, to be worked off in any order. */
public final class HeadRange {
    /** Fewer are done by the caller's thread before another has woken up. */
    private static final int ENOUGH_FOR_ALL_CORES = 128;

    private HeadRange() {}

    /** The numbers from 0 to {@code count - 1}; of many, on all cores at once: the weights of so many heads come from memory. */
    public static IntStream of(int count) {
        IntStream range = IntStream.range(0, count);
        return count < ENOUGH_FOR_ALL_CORES ? range : range.parallel();
    }
}
