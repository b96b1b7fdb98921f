// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.memory;

import dev.reservoir.heads.HeadFootprint;
import dev.reservoir.heads.HeadMemory;
import java.util.List;
import java.util.stream.Stream;

/**
 * The memory that clients may make this server use, in three budgets, so that neither what passes through crowds out
 * what stays nor the other way round: heads that fill theirs leave serving what it needs.
 *
 * @param traffic heap for what passes through: requests, outstanding examples, held observations, cached features
 * @param heads heap for heads and their encoders
 * @param outside native memory for heads
 */
public record ServerMemory(MemoryBudget traffic, MemoryBudget heads, MemoryBudget outside) {
    /** Traffic needs no more than this, however large the heap is. */
    private static final long MOST_TRAFFIC = 2L << 30;

    private static final String HEAP = "java -Xmx";

    /**
     * Divides three quarters of the heap: up to half of it for traffic, what remains for heads. The last quarter is for
     * the server itself, for short-lived copies, and for the garbage collector.
     *
     * @param maxHeapBytes most that the Java heap may grow to
     * @param nativeBytes most native memory of heads
     */
    public static ServerMemory of(long maxHeapBytes, long nativeBytes) {
        long traffic = Math.min(MOST_TRAFFIC, maxHeapBytes / 2);
        return new ServerMemory(
                new MemoryBudget("heap", traffic, HEAP),
                new MemoryBudget("heap", maxHeapBytes / 4 * 3 - traffic, HEAP),
                new MemoryBudget("native memory", nativeBytes, "--native-memory-mib"));
    }

    /** Opens the accounts of heads and encoders; called once. */
    public Accounts openAccounts() {
        return new Accounts(
                heads.account("heads"),
                outside.account("inverse covariances"),
                heads.account("encoders", heads.limitBytes() / 4));
    }

    /**
     * The accounts of what stays.
     *
     * @param encoders has a quarter of the heap for heads: a client may name encoders of any width without having a
     *     head
     */
    public record Accounts(
            MemoryBudget.Account heads, MemoryBudget.Account inverseCovariances, MemoryBudget.Account encoders) {
        /** What learners draw on. */
        public HeadMemory learners() {
            return new HeadMemory(heads, inverseCovariances);
        }

        /**
         * Refuses a head that could come to need more than all heads have.
         *
         * @throws dev.reservoir.heads.Refused MEMORY_LIMIT
         */
        public void checkPossible(HeadFootprint footprint) {
            heads.checkPossible(footprint.heapBytes());
            inverseCovariances.checkPossible(footprint.nativeBytes());
        }
    }

    /** What every owner has reserved now. */
    public List<MemoryBudget.Usage> usage() {
        return Stream.of(traffic, heads, outside)
                .flatMap(budget -> budget.usage().stream())
                .toList();
    }
}
