// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

/**
 * Sizes of the store.
 *
 * @param pendingBytes bytes of records that may wait to be written before appending waits
 * @param frameBytes bytes of records after which a commit takes no more
 * @param retryMillis time between attempts while the disk is full
 */
public record StoreSettings(long pendingBytes, int frameBytes, int retryMillis) {
    public StoreSettings {
        if (frameBytes < 1 || pendingBytes < frameBytes) {
            throw new IllegalArgumentException("frame bytes: " + frameBytes + ", pending bytes: " + pendingBytes
                    + " (expected: 1 <= frame bytes <= pending bytes)");
        }
        if (retryMillis < 1) {
            throw new IllegalArgumentException("retry millis: " + retryMillis + " (expected: >= 1)");
        }
    }

    /** 8 MiB pending, which a disk takes in a tenth of a second; frames of 1 MiB; a second between attempts. */
    public static StoreSettings defaults() {
        return new StoreSettings(8 << 20, 1 << 20, 1_000);
    }
}
