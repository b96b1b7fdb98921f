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
 * (tenant, features, ridge, forgetting) with equal histories share one: it is found by the history's digest and freed
 * with its last block. Sharing changes no bit, because what is shared is a function of the history.
 *
 * <p>A reader is on one block at a time: {@link #begin} places it there, {@link #fork} and {@link #advance} move it,
 * and {@link #leave} removes it; further calls of {@link #leave}, by any thread, do nothing. A block lives as long as a
 * reader is on it, an inverse covariance as long as it is the base of a block. Lock order: block, then this.
 */
@ThreadSafe
final class SharedCovariances implements AutoCloseable {
    /**
     * What heads must have in common to share.
     *
     * @param width {@code F}
     * @param firstClientColumn the columns from here on are in units of the client's own
     */
    record Key(String tenant, EncoderKey encoder, int width, int firstClientColumn, double ridge, double forgetting) {}

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

    /** The block of each reader; null before its first row. */
    @GuardedBy("this")
    private final Map<CovarianceReader, @Nullable CovarianceBlock> positions = new IdentityHashMap<>();

    @GuardedBy("this")
    private final Map<CovarianceBlock, Integer> readers = new IdentityHashMap<>();

    @GuardedBy("this")
    private final Map<InverseCovariance, Integer> blocks = new IdentityHashMap<>();

    FeatureDigest digester() {
        return digester;
    }

    /** Registers a reader. May take some milliseconds, because a new width is probed. */
    void join(CovarianceReader reader) {
        products.prepare(reader.settings().width(), reader.settings().block());
        add(reader);
    }

    private synchronized void add(CovarianceReader reader) {
        families.computeIfAbsent(reader.key(), key -> new Family()).readers++;
        positions.put(reader, null);
    }

    /** Removes the reader; the second call does nothing. */
    synchronized void leave(CovarianceReader reader) {
        if (!positions.containsKey(reader)) {
            return;
        }
        Family family = family(reader);
        CovarianceBlock block = positions.remove(reader);
        if (block != null) {
            release(family, block);
        }
        family.readers--;
        if (family.readers == 0) {
            families.remove(reader.key());
        }
        verifyState();
    }

    /** Places a reader at the beginning. */
    synchronized CovarianceBlock begin(CovarianceReader reader) {
        CovarianceBlock block = find(reader, BEGINNING);
        if (block == null) {
            block = new CovarianceBlock(new InverseCovariance(reader.settings(), products), BEGINNING);
        }
        moveTo(reader, block);
        return block;
    }

    /**
     * Moves from a block whose row at {@code position} is not {@code digest} to one with the same earlier rows that has
     * it or can append it.
     */
    CovarianceBlock fork(CovarianceReader reader, CovarianceBlock block, int position, Digest digest) {
        CovarianceBlock fork = join(reader, block, position, digest, null);
        return fork != null
                ? fork
                : Objects.requireNonNull(join(reader, block, position, digest, block.fork(position)));
    }

    /** Moves to an existing fork or, if {@code made} is not null, to that one; null if there is neither. */
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
            moveTo(reader, fork);
        }
        return fork;
    }

    /** Moves from a full block to one that follows it. */
    CovarianceBlock advance(CovarianceReader reader, CovarianceBlock block) {
        Digest history = block.end(digester);
        // One reader on the block creates the next one; the others wait here and find it.
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

    /**
     * Moves to an existing next block or, if {@code made} is not null, to one on that base; null if there is neither.
     */
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
            moveTo(reader, next);
        }
        return next;
    }

    /** Moves to the next block, reusing the base's own memory; null if others need the base as it is. */
    private synchronized @Nullable CovarianceBlock followInPlace(
            CovarianceReader reader, CovarianceBlock block, Digest history) {
        boolean alone = readers.getOrDefault(block, 0) == 1 && blocks.getOrDefault(block.base, 0) == 1;
        if (!alone || !block.base.holdsMatrix()) {
            return null;
        }
        CovarianceBlock next = new CovarianceBlock(block.then(true), history);
        // Its memory is reused, so it is not closed with its last block.
        blocks.remove(block.base);
        moveTo(reader, next);
        return next;
    }

    /** A block with that history before it; if its first row differs, the reader will fork. */
    @GuardedBy("this")
    private @Nullable CovarianceBlock find(CovarianceReader reader, Digest history) {
        List<CovarianceBlock> there = family(reader).blocks.get(history);
        return there == null ? null : there.get(0);
    }

    @GuardedBy("this")
    private Family family(CovarianceReader reader) {
        Family family = families.get(reader.key());
        if (family == null || !positions.containsKey(reader)) {
            throw new IllegalStateException("the reader has left");
        }
        return family;
    }

    /** Moves the reader to the block, from the one it was on. */
    @GuardedBy("this")
    private void moveTo(CovarianceReader reader, CovarianceBlock block) {
        Family family = family(reader);
        if (readers.merge(block, 1, Integer::sum) == 1) {
            family.blocks.computeIfAbsent(block.start, h -> new ArrayList<>(1)).add(block);
            blocks.merge(block.base, 1, Integer::sum);
        }
        CovarianceBlock before = positions.put(reader, block);
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
        // Summing over all readers would make every step linear in the number of heads; a count below its bound shows
        // that a reader was removed twice.
        if (positions.size() < readers.size() || readers.size() < blocks.size()) {
            throw new IllegalStateException("readers: " + positions.size() + ", blocks: " + readers.size() + ", bases: "
                    + blocks.size() + " (expected: none more than those before)");
        }
    }

    /** Drops what can be computed again of the block, if no other reader needs it. */
    void trim(CovarianceBlock block) {
        boolean alone;
        synchronized (this) {
            alone = readers.getOrDefault(block, 0) <= 1;
        }
        if (alone) {
            block.rest();
        }
    }

    /** Number of matrices that are allocated now. */
    synchronized int matrices() {
        return (int)
                blocks.keySet().stream().filter(InverseCovariance::holdsMatrix).count();
    }

    /** Number of families with a reader. */
    synchronized int families() {
        return families.size();
    }

    @Override
    public void close() {
        products.close();
    }
}
