// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The waiting items of one flow of a {@link TrainingQueue}, in order, and the size of its next slice. A flow whose
 * items have steps is run step by step; any other in slices of a bounded number of items. Not thread-safe.
 */
final class TrainingFlow<T extends OrderedWork> {
    enum State {
        /** Items wait and none runs. */
        READY,
        /** A slice runs; items may wait. */
        RUNNING,
        /** The flow was dropped while a slice runs. */
        DROPPED
    }

    private final Object key;
    private final String tenant;
    private final int sliceItems;
    private final ArrayDeque<T> items = new ArrayDeque<>();
    private State state = State.READY;
    private long sliceTokens;
    private int sliceCount;

    /** @param sliceItems most items of a slice of a flow without steps */
    TrainingFlow(T first, int sliceItems) {
        this.key = first.flow();
        this.tenant = first.tenant();
        this.sliceItems = sliceItems;
        add(first);
    }

    Object key() {
        return key;
    }

    String tenant() {
        return tenant;
    }

    State state() {
        return state;
    }

    void become(State next) {
        state = next;
    }

    boolean isEmpty() {
        return items.isEmpty();
    }

    /** Tokens of the next slice if nothing but its number of items limits it. */
    long sliceTokens() {
        return sliceTokens;
    }

    /** Tokens of the first item. */
    int firstCost() {
        return cost(items.getFirst());
    }

    /** Tokens of the least that can be taken: the next step, or the first item if the flow has no steps. */
    long leastCost() {
        return items.getFirst().stepItems() > 0 ? sliceTokens : firstCost();
    }

    void add(T item) {
        items.add(item);
        measure(item);
    }

    /** Removes the next slice: a step as a whole, otherwise one item and then as many as the tokens allow. */
    List<T> takeSlice(long maxTokens) {
        boolean inSteps = items.getFirst().stepItems() > 0;
        int most = mostInSlice();
        int counted = 0;
        long sum = 0;
        List<T> slice = new ArrayList<>();
        // Items that do not count towards a step accompany the others, but not more than sliceItems of them.
        while (!items.isEmpty() && slice.size() < most + sliceItems) {
            T next = items.getFirst();
            boolean full = counts(next) && counted == most;
            boolean tooLong = !inSteps && !slice.isEmpty() && sum + cost(next) > maxTokens;
            if (full || tooLong) {
                break;
            }
            counted += counts(next) ? 1 : 0;
            sum += cost(next);
            slice.add(items.removeFirst());
        }
        return slice;
    }

    /** Removes all items. */
    List<T> clear() {
        List<T> all = List.copyOf(items);
        items.clear();
        return all;
    }

    /** Measures the next slice after one was taken. */
    void measureSlice() {
        sliceTokens = 0;
        sliceCount = 0;
        for (T item : items) {
            if (sliceCount >= mostInSlice()) {
                break;
            }
            measure(item);
        }
    }

    static int cost(Work item) {
        return Math.max(1, item.tokens());
    }

    private void measure(T item) {
        if (sliceCount < mostInSlice()) {
            sliceTokens += cost(item);
            sliceCount += counts(item) ? 1 : 0;
        }
    }

    /** Items that fill the next slice. */
    private int mostInSlice() {
        int step = items.getFirst().stepItems();
        return step > 0 ? step : sliceItems;
    }

    private boolean counts(T item) {
        return item.stepItems() == 0 || item.fillsStep();
    }
}
