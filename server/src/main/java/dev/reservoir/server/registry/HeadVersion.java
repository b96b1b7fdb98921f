// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.registry;

import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import org.jspecify.annotations.Nullable;

/**
 * The state of a head as readers see it, replaced as a whole so that a prediction's version, sequence number and answer
 * belong together.
 *
 * @param version rises by one with each publication; 0 is the untrained head
 * @param appliedThrough every example up to this sequence number is learned or was refused
 * @param failure why the head stopped learning, or null
 */
public record HeadVersion(
        HeadSpec spec,
        HeadSnapshot snapshot,
        long version,
        long appliedThrough,
        HeadMetrics metrics,
        @Nullable String failure,
        long trainableParameters,
        long residentBytes) {}
