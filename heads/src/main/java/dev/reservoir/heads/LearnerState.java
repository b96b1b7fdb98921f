// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All that learning depends on, of one learner at one moment: a learner that is restored from it goes on as the one it
 * was taken from would have, to the bit. It checks itself: bytes that are not what was written are refused.
 *
 * @param own what belongs to this learner alone
 * @param shared what it refers to, each part after those that it refers to itself
 */
public record LearnerState(byte[] own, List<SharedPart> shared) {
    /**
     * What several learners have in common, to be stored once.
     *
     * @param id SHA-256 of the bytes, 64 hexadecimal characters
     * @param bytes null if whoever took the state had them already
     */
    public record SharedPart(String id, byte @Nullable [] bytes) {}

    public LearnerState {
        shared = List.copyOf(shared);
    }

    /** Bytes of all that is given. */
    public long bytes() {
        long sum = own.length;
        for (SharedPart part : shared) {
            byte[] bytes = part.bytes();
            sum += bytes == null ? 0 : bytes.length;
        }
        return sum;
    }
}
