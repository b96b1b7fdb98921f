// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.math.CounterRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * A uniform sample of all elements seen so far, of bounded size (algorithm R; Vitter 1985, doi:10.1145/3147.3165). A
 * function of the seed and of the order of calls. Not thread-safe.
 */
final class ReplaySample<E> {
    private final int capacity;
    private final CounterRandom random;
    private final ToLongFunction<E> size;
    private final List<E> elements = new ArrayList<>();
    private long bytes;
    private long seen;

    /** @param size bytes of an element, always the same for the same one */
    ReplaySample(int capacity, long seed, ToLongFunction<E> size) {
        this.capacity = capacity;
        this.size = size;
        this.random = new CounterRandom(seed);
    }

    /** The sample that has {@code elements} after {@code seen} ones, with {@code drawn} numbers drawn. */
    ReplaySample(ReplaySample<E> empty, List<E> elements, long seen, CounterRandom random) {
        this.capacity = empty.capacity;
        this.size = empty.size;
        this.random = random;
        this.elements.addAll(elements);
        this.bytes = elements.stream().mapToLong(size).sum();
        this.seen = seen;
    }

    /** Elements seen so far. */
    long seen() {
        return seen;
    }

    /** Numbers drawn so far. */
    long drawn() {
        return random.drawn();
    }

    void see(E one) {
        if (capacity == 0) {
            return;
        }
        seen++;
        if (elements.size() < capacity) {
            elements.add(one);
            bytes += size.applyAsLong(one);
            return;
        }
        long index = random.nextLong(seen);
        if (index < capacity) {
            E replaced = elements.set((int) index, one);
            bytes += size.applyAsLong(one) - size.applyAsLong(replaced);
        }
    }

    /** {@code count} elements, each drawn from the whole sample; empty if the sample is empty. */
    List<E> draw(int count) {
        List<E> drawn = new ArrayList<>(count);
        for (int i = 0; i < count && !elements.isEmpty(); i++) {
            drawn.add(elements.get((int) random.nextLong(elements.size())));
        }
        return drawn;
    }

    List<E> elements() {
        return elements;
    }

    /** Bytes of the sample, in constant time. */
    long bytes() {
        return bytes;
    }
}
