// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

/** Work that must run in order, and never concurrently with other work of the same flow. */
public interface OrderedWork extends Work {
    /** Identity of the flow, compared by {@code equals}. */
    Object flow();

    /**
     * Items that a step of its flow processes together, at least 1; 0 if the flow has no steps and each item is
     * processed by itself. Equal for all items of a flow.
     *
     * <p>A slice contains at most one step, because a second one would only wait in it, and is not cut inside a step,
     * because half a step achieves nothing.
     */
    default int stepItems() {
        return 0;
    }

    /** Whether it counts towards a step; an item that does not, for example a refusal, accompanies its neighbours. */
    default boolean fillsStep() {
        return true;
    }
}
