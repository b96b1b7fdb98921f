// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import ai.djl.ndarray.NDManager;
import com.google.errorprone.annotations.ThreadSafe;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.HeadMemory;
import dev.reservoir.heads.MemoryAccount;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import dev.reservoir.heads.readout.InverseCovariance.Settings;
import dev.reservoir.state.v1.Covariance;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All inverse covariances, in native memory that this owns. They do not depend on targets, so heads of one family
 * (tenant, features, ridge, forgetting) with equal histories share one: it is found by the history's digest and freed
 * with its last block. Sharing changes no bit, because what is shared is a function of the history.
 *
 * <p>A reader is on one block at a time: {@link #begin} places it there, {@link #fork} and {@link #advance} move it,
 * and {@link #leave} removes it; further calls of {@link #leave}, by any thread, do nothing. A block lives as long as a
 * reader is on it, an inverse covariance as long as it is the base of a block. Lock order: block, then this.
 *
 * <p>Memory is reserved before it is allocated, for each family: its matrices, and the rows of its blocks with the
 * gains that readers of one block share. A family has at least the memory of its first readers reserved from the
 * beginning: of one matrix for one reader; of two for more, because readers of one history move from a block to the
 * next one by one. So a head that could be created can learn as long as it shares its history with another or is alone;
 * a reader whose history departs from the others' needs memory of its own, and what would pass the limit is refused
 * before anything has changed.
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

    /** The blocks of a family by the history before them, its readers, and the memory reserved for them. */
    private static final class Family {
        private final Map<Digest, List<CovarianceBlock>> byStart = new HashMap<>();
        private final long heapMatrixBytes;
        private final long nativeMatrixBytes;
        private final long blockBytes;
        private final MemoryAccount.Grant heap;
        private final MemoryAccount.Grant nativeMemory;
        private int readers;
        private int blocks;
        private int matrices;

        Family(Settings settings, HeadMemory memory) {
            this.heapMatrixBytes = SymmetricMatrix.heapBytes(settings.features() + 1);
            this.nativeMatrixBytes = SymmetricMatrix.nativeBytes(settings.features() + 1);
            this.blockBytes = CovarianceBlock.heapBytes(settings);
            this.heap = memory.heap().reserve(0);
            this.nativeMemory = memory.nativeMemory().reserve(0);
        }

        /**
         * Changes what the family has, reserving memory first.
         *
         * @throws Refused MEMORY_LIMIT; then nothing has changed
         */
        void change(int moreReaders, int moreBlocks, int moreMatrices) {
            int newReaders = readers + moreReaders;
            int newBlocks = blocks + moreBlocks;
            int newMatrices = matrices + moreMatrices;
            int first = Math.min(2, newReaders);
            int reserved = Math.max(first, newMatrices);
            nativeMemory.resize(nativeMatrixBytes * reserved);
            try {
                // Rows of each block, and gains of each block that several readers are on.
                heap.resize(
                        heapMatrixBytes * reserved + blockBytes * Math.max(first, Math.min(2 * newBlocks, newReaders)));
            } catch (Refused refused) {
                nativeMemory.resize(nativeMatrixBytes * Math.max(Math.min(2, readers), matrices));
                throw refused;
            }
            readers = newReaders;
            blocks = newBlocks;
            matrices = newMatrices;
        }

        void close() {
            heap.close();
            nativeMemory.close();
        }
    }

    private final HeadMemory memory;
    private final FeatureDigest digester;
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

    /** @param digestKey of {@link FeatureDigest} */
    SharedCovariances(HeadMemory memory, byte[] digestKey) {
        this.memory = memory;
        this.digester = new FeatureDigest(digestKey);
    }

    FeatureDigest digester() {
        return digester;
    }

    /**
     * Registers a reader. May take some milliseconds, because a new width is probed.
     *
     * @throws Refused MEMORY_LIMIT if there is no memory for what it will learn
     */
    void join(CovarianceReader reader) {
        add(reader);
        boolean joined = false;
        try {
            products.prepare(reader.settings().width(), reader.settings().block());
            joined = true;
        } finally {
            if (!joined) {
                leave(reader);
            }
        }
    }

    private synchronized void add(CovarianceReader reader) {
        Family family = families.get(reader.key());
        if (family == null) {
            family = new Family(reader.settings(), memory);
        }
        family.change(1, 0, 0);
        families.put(reader.key(), family);
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
            family.change(0, readers.getOrDefault(block, 0) == 1 ? -1 : 0, 0);
            release(family, block);
        }
        family.change(-1, 0, 0);
        if (family.readers == 0) {
            families.remove(reader.key());
            family.close();
        }
        verifyState(family);
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
     * Places a reader on a block with a stored history before it and a base of stored bits: one that is here, or a new
     * one. If this fails, the reader may stand on any block of that history; it is to be closed.
     *
     * @param covariance opens the stored base
     * @throws UnusableState as the stored base's
     * @throws Refused MEMORY_LIMIT
     */
    CovarianceBlock enter(CovarianceReader reader, StoredRows stored, Supplier<Covariance> covariance) {
        boolean first = stored.start().equals(BEGINNING);
        UnusableState.check(
                first == stored.base().isEmpty(),
                "rows.base",
                "\"" + stored.base() + "\"",
                first ? "none at the beginning" : "an id of rows that others precede");
        if (first) {
            return begin(reader);
        }
        for (CovarianceBlock block : after(reader, stored.start())) {
            // Once the reader stands on the block, its base can neither be freed nor reused.
            if (standOn(reader, block) && block.base.id().equals(stored.base())) {
                return block;
            }
        }
        StoredCovariance base = StoredCovariance.of(covariance.get(), reader.settings());
        Family family = reserveMatrix(reader);
        InverseCovariance made = null;
        CovarianceBlock placed = null;
        try {
            made = new InverseCovariance(reader.settings(), products, base, stored.base());
            placed = place(reader, stored.start(), made);
            return placed;
        } finally {
            if (placed == null || placed.base != made) {
                dropMatrix(family, made);
            }
        }
    }

    private synchronized List<CovarianceBlock> after(CovarianceReader reader, Digest history) {
        return List.copyOf(family(reader).byStart.getOrDefault(history, List.of()));
    }

    private synchronized boolean standOn(CovarianceReader reader, CovarianceBlock block) {
        boolean here = readers.containsKey(block);
        if (here) {
            moveTo(reader, block);
        }
        return here;
    }

    /** Places a reader on a new block on {@code made}, unless another reader restored the same meanwhile. */
    private synchronized CovarianceBlock place(CovarianceReader reader, Digest history, InverseCovariance made) {
        CovarianceBlock block = null;
        for (CovarianceBlock other : family(reader).byStart.getOrDefault(history, List.of())) {
            block = made.id().equals(other.base.knownId()) ? other : block;
        }
        block = block != null ? block : new CovarianceBlock(made, history);
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
        for (CovarianceBlock other : family(reader).byStart.getOrDefault(block.start, List.of())) {
            boolean fits = other.has(position, digest) || other.count() == position;
            if (fits && other.base == block.base && other.beginsLike(block, position)) {
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
            CovarianceBlock next = follow(reader, history);
            if (next == null) {
                next = followInPlace(reader, block, history);
            }
            return next != null ? next : followInCopy(reader, block, history);
        }
    }

    /** Moves to the existing next block; null if there is none. */
    private synchronized @Nullable CovarianceBlock follow(CovarianceReader reader, Digest history) {
        CovarianceBlock next = find(reader, history);
        if (next != null) {
            moveTo(reader, next);
        }
        return next;
    }

    /** Moves to a next block with an inverse covariance in memory of its own, or to one that exists by then. */
    private CovarianceBlock followInCopy(CovarianceReader reader, CovarianceBlock block, Digest history) {
        Family family = reserveMatrix(reader);
        InverseCovariance made = null;
        CovarianceBlock next = null;
        try {
            made = block.then(false);
            next = followTo(reader, new CovarianceBlock(made, history));
            return next;
        } finally {
            if (next == null || next.base != made) {
                dropMatrix(family, made);
            }
        }
    }

    private synchronized Family reserveMatrix(CovarianceReader reader) {
        Family family = family(reader);
        family.change(0, 0, 1);
        return family;
    }

    private synchronized void dropMatrix(Family family, @Nullable InverseCovariance matrix) {
        if (matrix != null) {
            matrix.close();
        }
        family.change(0, 0, -1);
    }

    private synchronized CovarianceBlock followTo(CovarianceReader reader, CovarianceBlock made) {
        CovarianceBlock next = find(reader, made.start);
        next = next != null ? next : made;
        moveTo(reader, next);
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
        List<CovarianceBlock> there = family(reader).byStart.get(history);
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
        CovarianceBlock before = positions.get(reader);
        boolean adds = !readers.containsKey(block);
        boolean frees = before != null && before != block && readers.getOrDefault(before, 0) == 1;
        if (adds && !frees) {
            family.change(0, 1, 0);
        }
        if (readers.merge(block, 1, Integer::sum) == 1) {
            family.byStart.computeIfAbsent(block.start, h -> new ArrayList<>(1)).add(block);
            blocks.merge(block.base, 1, Integer::sum);
        }
        positions.put(reader, block);
        if (before != null) {
            release(family, before);
        }
        if (frees && !adds) {
            family.change(0, -1, 0);
        }
        verifyState(family);
    }

    @GuardedBy("this")
    private void release(Family family, CovarianceBlock block) {
        int standing = readers.getOrDefault(block, 0) - 1;
        if (standing > 0) {
            readers.put(block, standing);
            return;
        }
        readers.remove(block);
        List<CovarianceBlock> there = family.byStart.get(block.start);
        if (there != null && there.remove(block) && there.isEmpty()) {
            family.byStart.remove(block.start);
        }
        Integer left = blocks.computeIfPresent(block.base, (base, count) -> count - 1);
        if (left != null && left == 0) {
            blocks.remove(block.base);
            block.base.close();
            if (block.base.holdsMatrix()) {
                family.change(0, 0, -1);
            }
        }
    }

    @GuardedBy("this")
    private void verifyState(Family family) {
        // Summing over all readers would make every step linear in the number of heads; a count below its bound shows
        // that a reader was removed twice.
        if (positions.size() < readers.size() || readers.size() < blocks.size()) {
            throw new IllegalStateException("readers: " + positions.size() + ", blocks: " + readers.size() + ", bases: "
                    + blocks.size() + " (expected: none more than those before)");
        }
        if (family.readers < family.blocks || family.blocks < 0 || family.matrices < 0) {
            throw new IllegalStateException("readers of the family: " + family.readers + ", blocks: " + family.blocks
                    + ", matrices: " + family.matrices + " (expected: none below 0, no more blocks than readers)");
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

    /** Number of blocks that a reader stands on. */
    synchronized int blocks() {
        return readers.size();
    }

    /** What owns the matrices, for tests. */
    NDManager memory() {
        return products.manager();
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
