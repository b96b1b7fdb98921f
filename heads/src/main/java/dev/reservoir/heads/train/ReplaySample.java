package dev.reservoir.heads.train;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A uniform sample of all that was seen, of bounded size (algorithm R; Vitter 1985, doi:10.1145/3147.3165). A function of the seed and of
 * the order of calls.
 */
final class ReplaySample<E> {
    private final int capacity;
    private final SplittableRandom random;
    private final List<E> held = new ArrayList<>();
    private long seen;

    ReplaySample(int capacity, long seed) {
        this.capacity = capacity;
        this.random = new SplittableRandom(seed);
    }

    void see(E one) {
        if (capacity == 0) {
            return;
        }
        seen++;
        if (held.size() < capacity) {
            held.add(one);
            return;
        }
        long place = random.nextLong(seen);
        if (place < capacity) {
            held.set((int) place, one);
        }
    }

    /** Any {@code count} of what is held, each drawn from all; none where nothing is held. */
    List<E> draw(int count) {
        List<E> drawn = new ArrayList<>(count);
        for (int i = 0; i < count && !held.isEmpty(); i++) {
            drawn.add(held.get(random.nextInt(held.size())));
        }
        return drawn;
    }

    List<E> held() {
        return held;
    }
}
