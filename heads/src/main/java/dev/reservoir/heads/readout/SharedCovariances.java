// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import com.google.errorprone.annotations.ThreadSafe;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * All inverse covariances, in native memory that this owns. They do not depend on targets, so heads of one family
 * (tenant, features, ridge, forgetting) that stand at the end of equal histories share one: found by the history's
 * digest, freed when no block is left on it. Sharing changes no bit, for what is shared is a function of the history.
 *
 * <p>A reader stands on one block at a time: {@link #begin} puts it there, {@link #fork} and {@link #advance} move it,
 * {@link #leave} takes it away, once, whoever calls it how often. A block is there as long as a reader stands on it, an
 * inverse covariance as long as a block has it as its base. Locks are taken in the order block, this.
 */
@ThreadSafe
final class SharedCovariances implements AutoCloseable {
    /**
     * What heads must have in common to share.
     *
     * @param width {@code F}
     * @param own the columns from here on are in units of the client's
     */
    record Key(String tenant, EncoderKey encoder, int width, int own, double ridge, double forgetting) {}

    /** The digest of no rows. */
    private static final Digest BEGINNING = new Digest(1, 1);

    /** The blocks of a family by the history before them, and its readers. */
    private static final class Family {
        private final Map<Digest, List<CovarianceBlock>> blocks = new HashMap<>();
        private int readers;
    }

    private final FeatureDigest digester = new FeatureDigest(new SecureRandom());
    private final RowProducts products = new RowProducts();

    @GuardedBy("this")
    private final Map<Key, Family> families = new HashMap<>();

    /** Where each reader stands; null before its first row. */
    @GuardedBy("this")
    private final Map<CovarianceReader, @Nullable CovarianceBlock> places = new IdentityHashMap<>();

    @GuardedBy("this")
    private final Map<CovarianceBlock, Integer> readers = new IdentityHashMap<>();

    @GuardedBy("this")
    private final Map<InverseCovariance, Integer> blocks = new IdentityHashMap<>();

    FeatureDigest digester() {
        return digester;
    }

    /** Lets a reader in; call this where it may take some milliseconds, for a width that is new is tried out. */
    void join(CovarianceReader reader) {
        products.prepare(reader.settings().width(), reader.settings().block());
        add(reader);
    }

    private synchronized void add(CovarianceReader reader) {
        families.computeIfAbsent(reader.key(), key -> new Family()).readers++;
        places.put(reader, null);
    }

    /** Takes the reader away; the second time this does nothing. */
    synchronized void leave(CovarianceReader reader) {
        if (!places.containsKey(reader)) {
            return;
        }
        Family family = family(reader);
        CovarianceBlock block = places.remove(reader);
        if (block != null) {
            release(family, block);
        }
        family.readers--;
        if (family.readers == 0) {
            families.remove(reader.key());
        }
        verifyState();
    }

    /** Puts a reader at the beginning. */
    synchronized CovarianceBlock begin(CovarianceReader reader) {
        CovarianceBlock block = find(reader, BEGINNING);
        if (block == null) {
            block = new CovarianceBlock(new InverseCovariance(reader.settings(), products), BEGINNING);
        }
        place(reader, block);
        return block;
    }

    /**
     * From a block whose row at {@code position} is not {@code digest}: to one with the same rows before, that has it
     * or can take it.
     */
    CovarianceBlock fork(CovarianceReader reader, CovarianceBlock block, int position, Digest digest) {
        CovarianceBlock fork = join(reader, block, position, digest, null);
        return fork != null
                ? fork
                : Objects.requireNonNull(join(reader, block, position, digest, block.fork(position)));
    }

    /** To a fork made before or, where {@code made} is not null, that one; null where there is neither. */
    private synchronized @Nullable CovarianceBlock join(
            CovarianceReader reader,
            CovarianceBlock block,
            int position,
            Digest digest,
            @Nullable CovarianceBlock made) {
        CovarianceBlock fork = made;
        for (CovarianceBlock other : family(reader).blocks.getOrDefault(block.start, List.of())) {
            boolean fits = other.has(position, digest) || other.count() == position;
            if (fits && other.beginsLike(block, position)) {
                fork = other;
                break;
            }
        }
        if (fork != null) {
            place(reader, fork);
        }
        return fork;
    }

    /** From a full block on to one that follows it. */
    CovarianceBlock advance(CovarianceReader reader, CovarianceBlock block) {
        Digest history = block.end(digester);
        // Of those that stand on the block one makes what follows; the others wait here and find it.
        synchronized (block) {
            CovarianceBlock next = follow(reader, history, null);
            if (next == null) {
                next = followInPlace(reader, block, history);
            }
            if (next == null) {
                next = follow(reader, history, block.then(false));
            }
            return Objects.requireNonNull(next);
        }
    }

    /** To what follows, made before or, where {@code made} is not null, now; null where neither is. */
    private synchronized @Nullable CovarianceBlock follow(
            CovarianceReader reader, Digest history, @Nullable InverseCovariance made) {
        CovarianceBlock next = find(reader, history);
        if (next != null && made != null) {
            made.close();
        }
        if (next == null && made != null) {
            next = new CovarianceBlock(made, history);
        }
        if (next != null) {
            place(reader, next);
        }
        return next;
    }

    /** To what follows, made of the base's own memory; null where others need the base as it is. */
    private synchronized @Nullable CovarianceBlock followInPlace(
            CovarianceReader reader, CovarianceBlock block, Digest history) {
        boolean alone = readers.getOrDefault(block, 0) == 1 && blocks.getOrDefault(block.base, 0) == 1;
        if (!alone || !block.base.holdsMatrix()) {
            return null;
        }
        CovarianceBlock next = new CovarianceBlock(block.then(true), history);
        // Its memory goes on, so it is not closed with its last block.
        blocks.remove(block.base);
        place(reader, next);
        return next;
    }

    /** A block with that history before it; where its first row is another one, the reader will fork. */
    @GuardedBy("this")
    private @Nullable CovarianceBlock find(CovarianceReader reader, Digest history) {
        List<CovarianceBlock> there = family(reader).blocks.get(history);
        return there == null ? null : there.get(0);
    }

    @GuardedBy("this")
    private Family family(CovarianceReader reader) {
        Family family = families.get(reader.key());
        if (family == null || !places.containsKey(reader)) {
            throw new IllegalStateException("the reader has left");
        }
        return family;
    }

    /** Puts the reader on the block, off the one on which it stood. */
    @GuardedBy("this")
    private void place(CovarianceReader reader, CovarianceBlock block) {
        Family family = family(reader);
        if (readers.merge(block, 1, Integer::sum) == 1) {
            family.blocks.computeIfAbsent(block.start, h -> new ArrayList<>(1)).add(block);
            blocks.merge(block.base, 1, Integer::sum);
        }
        CovarianceBlock before = places.put(reader, block);
        if (before != null) {
            release(family, before);
        }
        verifyState();
    }

    @GuardedBy("this")
    private void release(Family family, CovarianceBlock block) {
        int standing = readers.getOrDefault(block, 0) - 1;
        if (standing > 0) {
            readers.put(block, standing);
            return;
        }
        readers.remove(block);
        List<CovarianceBlock> there = family.blocks.get(block.start);
        if (there != null && there.remove(block) && there.isEmpty()) {
            family.blocks.remove(block.start);
        }
        Integer left = blocks.computeIfPresent(block.base, (base, count) -> count - 1);
        if (left != null && left == 0) {
            blocks.remove(block.base);
            block.base.close();
        }
    }

    @GuardedBy("this")
    private void verifyState() {
        // Sums over all readers would make every step as long as there are heads; a count below its bound shows a place
        // left twice.
        if (places.size() < readers.size() || readers.size() < blocks.size()) {
            throw new IllegalStateException("readers: " + places.size() + ", blocks: " + readers.size() + ", bases: "
                    + blocks.size() + " (expected: none more than those before)");
        }
    }

    /** Drops what the block's rows teach where no other reader needs it. */
    void rest(CovarianceBlock block) {
        boolean alone;
        synchronized (this) {
            alone = readers.getOrDefault(block, 0) <= 1;
        }
        if (alone) {
            block.rest();
        }
    }

    /** Matrices in native memory now. */
    synchronized int matrices() {
        return (int)
                blocks.keySet().stream().filter(InverseCovariance::holdsMatrix).count();
    }

    /** Families that a reader belongs to. */
    synchronized int families() {
        return families.size();
    }

    @Override
    public void close() {
        products.close();
    }
}
