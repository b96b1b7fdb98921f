// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import java.util.List;

/**
 * Records that were durable and cannot be read any more.
 *
 * @param firstOffset the first of them
 * @param lastOffset the last of them
 * @param heads which heads have records among them, and which ones; empty if that is not known
 * @param headsKnown false if every head may have records among them
 * @param reason what was found, as one line
 */
public record Damage(long firstOffset, long lastOffset, List<HurtHead> heads, boolean headsKnown, String reason) {
    public Damage {
        heads = List.copyOf(heads);
        if (firstOffset < 1 || lastOffset < firstOffset) {
            throw new IllegalArgumentException(
                    "damage: " + firstOffset + " to " + lastOffset + " (expected: a range of offsets)");
        }
        if (!headsKnown && !heads.isEmpty()) {
            throw new IllegalArgumentException("heads: " + heads.size() + " (expected: none, as they are not known)");
        }
    }

    /**
     * One head's share of a damage. The offsets between the bounds may belong to other heads.
     *
     * @param firstSequence number of the first example among them, 0 if there is none
     * @param lastSequence number of the last one, 0 if there is none
     */
    public record HurtHead(HeadId head, long firstOffset, long lastOffset, long firstSequence, long lastSequence) {}

    /** Whether this head may have lost records. */
    public boolean hurts(HeadId head) {
        return !headsKnown || heads.stream().anyMatch(hurt -> hurt.head().equals(head));
    }

    @Override
    public String toString() {
        return "offsets " + firstOffset + " to " + lastOffset + ": " + reason + "; "
                + (headsKnown ? heads.size() + " heads hurt" : "every head may be hurt");
    }
}
