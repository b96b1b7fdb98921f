package dev.reservoir.heads.readout;

import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All inverse covariances. They do not depend on targets, so heads of one family (tenant, features, ridge, forgetting) that stand at the end
 * of equal histories share one: found by the history's digest, counted by readers, freed with the last. Sharing changes no bit, since what
 * is shared is a function of the history. Any number of threads may call at once.
 */
final class Covariances {
    /** What heads must have in common to share. */
    record Key(String tenant, EncoderKey encoder, int width, double ridge, double forgetting) {}

    private static final Digest BEGINNING = new Digest(1, 1);

    /** Tails by the history before them. Its monitor guards it and every count of readers and references. */
    static final class Family {
        private final Key key;
        private final InverseCovariance.Shapes shapes;
        private final Map<Digest, List<Tail>> tails = new HashMap<>();
        private int heads;

        private Family(Key key) {
            this.key = key;
            this.shapes = InverseCovariance.Shapes.of(key.width, key.ridge, key.forgetting);
        }

        InverseCovariance.Shapes shapes() {
            return shapes;
        }
    }

    /** Buffers of a product, lent for its duration: {@code x} and {@code u} are {@code [ROWS, width]}. */
    record Scratch(float[] x, float[] u, double[] products) {}

    final FeatureDigest digester = new FeatureDigest(new SecureRandom());
    private final Products products;
    private final Map<Key, Family> families = new HashMap<>();
    private final Map<Integer, ArrayDeque<Scratch>> scratches = new HashMap<>();

    Covariances(Products products) {
        this.products = products;
    }

    synchronized Family join(Key key) {
        Family family = families.computeIfAbsent(key, Family::new);
        family.heads++;
        return family;
    }

    synchronized void leave(Family family) {
        family.heads--;
        if (family.heads == 0) {
            families.remove(family.key);
        }
    }

    /** The tail at which a new head that learns {@code digest} first stands, or a new one. */
    Tail begin(Family family, Digest digest) {
        synchronized (family) {
            Tail tail = find(family, BEGINNING, digest);
            return enter(family, tail != null ? tail : new Tail(baseAt(family, BEGINNING), BEGINNING));
        }
    }

    /** From a tail whose row at {@code position} is not {@code digest}: one with the same rows before, that has it or can take it. */
    Tail fork(Family family, Tail tail, int position, Digest digest) {
        synchronized (family) {
            for (Tail other : family.tails.getOrDefault(tail.start, List.of())) {
                boolean fits = other.has(position, digest) || other.count() == position;
                if (fits && other.beginsLike(tail, position)) {
                    other.readers++;
                    exit(family, tail);
                    return other;
                }
            }
            Tail fork = enter(family, Tail.fork(tail, position));
            exit(family, tail);
            return fork;
        }
    }

    /** From a full tail on to one that follows it and has {@code digest} first, or can take it. */
    Tail advance(Family family, Tail tail, Digest digest) {
        Digest history = tail.end(digester);
        boolean alone;
        synchronized (family) {
            Tail next = follow(family, tail, history, digest);
            if (next != null) {
                return next;
            }
            alone = tail.readers == 1 && tail.base.references == 1;
            if (alone) {
                // Out of the map nobody else can find it while it is written.
                remove(family, tail);
            }
        }
        if (alone) {
            InverseCovariance base = tail.base.absorb(tail.rows(), true);
            synchronized (family) {
                tail.base.references--;
                Tail next = find(family, history, digest);
                if (next != null) {
                    base.close();
                    next.readers++;
                    return next;
                }
                return enter(family, new Tail(base, history));
            }
        }
        synchronized (tail) {
            synchronized (family) {
                Tail next = follow(family, tail, history, digest);
                if (next != null) {
                    return next;
                }
            }
            InverseCovariance base = tail.base.absorb(tail.rows(), false);
            synchronized (family) {
                Tail next = follow(family, tail, history, digest);
                if (next != null) {
                    base.close();
                    return next;
                }
                next = enter(family, new Tail(base, history));
                exit(family, tail);
                return next;
            }
        }
    }

    void exitTail(Family family, Tail tail) {
        synchronized (family) {
            exit(family, tail);
        }
    }

    private static @Nullable Tail follow(Family family, Tail tail, Digest history, Digest digest) {
        List<Tail> there = family.tails.get(history);
        if (there == null) {
            return null;
        }
        Tail next = find(family, history, digest);
        if (next == null) {
            next = enter(family, new Tail(there.get(0).base, history));
        } else {
            next.readers++;
        }
        exit(family, tail);
        return next;
    }

    private static @Nullable Tail find(Family family, Digest history, Digest digest) {
        for (Tail tail : family.tails.getOrDefault(history, List.of())) {
            if (tail.count() == 0 || tail.has(0, digest)) {
                return tail;
            }
        }
        return null;
    }

    private InverseCovariance baseAt(Family family, Digest history) {
        List<Tail> there = family.tails.get(history);
        return there == null ? InverseCovariance.untrained(family.shapes, products) : there.get(0).base;
    }

    private static Tail enter(Family family, Tail tail) {
        if (tail.readers++ == 0) {
            family.tails.computeIfAbsent(tail.start, h -> new ArrayList<>(1)).add(tail);
            tail.base.references++;
        }
        return tail;
    }

    private static void exit(Family family, Tail tail) {
        if (--tail.readers == 0) {
            remove(family, tail);
            if (--tail.base.references == 0) {
                tail.base.close();
            }
        }
    }

    private static void remove(Family family, Tail tail) {
        List<Tail> there = family.tails.get(tail.start);
        if (there != null) {
            there.remove(tail);
            if (there.isEmpty()) {
                family.tails.remove(tail.start);
            }
        }
    }

    Scratch borrow(int width) {
        synchronized (scratches) {
            Scratch scratch =
                    scratches.computeIfAbsent(width, w -> new ArrayDeque<>()).poll();
            if (scratch != null) {
                return scratch;
            }
        }
        int size = Products.ROWS * width;
        return new Scratch(new float[size], new float[size], new double[Products.ROWS]);
    }

    void giveBack(int width, Scratch scratch) {
        synchronized (scratches) {
            scratches.computeIfAbsent(width, w -> new ArrayDeque<>()).push(scratch);
        }
    }

    /** Matrices in native memory now. */
    synchronized int matrices() {
        int matrices = 0;
        for (Family family : families.values()) {
            synchronized (family) {
                matrices += (int) family.tails.values().stream()
                        .flatMap(List::stream)
                        .map(tail -> tail.base)
                        .distinct()
                        .filter(InverseCovariance::holdsMatrix)
                        .count();
            }
        }
        return matrices;
    }

    /** Families that a head belongs to. */
    synchronized int families() {
        return families.size();
    }
}
