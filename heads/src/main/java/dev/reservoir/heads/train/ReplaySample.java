// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToLongFunction;

/**
 * A uniform sample of all that was seen, of bounded size (algorithm R; Vitter 1985, doi:10.1145/3147.3165). A function
 * of the seed and of the order of calls. Not thread-safe.
 */
final class ReplaySample<E> {
    private final int capacity;
    private final SplittableRandom random;
    private final ToLongFunction<E> size;
    private final List<E> kept = new ArrayList<>();
    private long keptBytes;
    private long seen;

    /** @param size bytes of an element, always the same for the same one */
    ReplaySample(int capacity, long seed, ToLongFunction<E> size) {
        this.capacity = capacity;
        this.size = size;
        this.random = new SplittableRandom(seed);
    }

    void see(E one) {
        if (capacity == 0) {
            return;
        }
        seen++;
        if (kept.size() < capacity) {
            kept.add(one);
            keptBytes += size.applyAsLong(one);
            return;
        }
        long place = random.nextLong(seen);
        if (place < capacity) {
            E replaced = kept.set((int) place, one);
            keptBytes += size.applyAsLong(one) - size.applyAsLong(replaced);
        }
    }

    /** {@code count} elements, each drawn from all that are kept; none if none is kept. */
    List<E> draw(int count) {
        List<E> drawn = new ArrayList<>(count);
        for (int i = 0; i < count && !kept.isEmpty(); i++) {
            drawn.add(kept.get(random.nextInt(kept.size())));
        }
        return drawn;
    }

    List<E> kept() {
        return kept;
    }

    /** Bytes of what is kept, in constant time. */
    long bytes() {
        return keptBytes;
    }
}
