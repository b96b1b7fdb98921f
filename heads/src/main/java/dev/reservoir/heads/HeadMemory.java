// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/**
 * The memory that learners draw on.
 *
 * @param heap Java heap: weights, moments, samples, rows of unfinished blocks
 * @param nativeMemory memory outside the Java heap: inverse covariances
 */
public record HeadMemory(MemoryAccount heap, MemoryAccount nativeMemory) {
    public static final HeadMemory UNLIMITED = new HeadMemory(MemoryAccount.UNLIMITED, MemoryAccount.UNLIMITED);
}
