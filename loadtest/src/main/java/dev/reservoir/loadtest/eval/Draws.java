// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Observation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Draws examples from an infinite source, or repeatedly from a list. */
final class Draws {
    /** Seed of the held-out items, on all machines and for all seeds of heads. */
    private static final long HELD_OUT_SEED = 20_260_101L;

    private Draws() {}

    /** Draws distinct held-out items: validation and test have no observation in common. */
    static EvalTask.HeldOut heldOut(Function<Random, EvalTask.Item> source, EvalTask.Amount amount) {
        Random random = new Random(HELD_OUT_SEED);
        Set<Observation> seen = new HashSet<>();
        List<EvalTask.Item> items = new ArrayList<>();
        while (items.size() < amount.validation() + amount.test()) {
            EvalTask.Item item = source.apply(random);
            if (seen.add(item.example().getObservation())) {
                items.add(item);
            }
        }
        return new EvalTask.HeldOut(
                items.subList(0, amount.validation()), items.subList(amount.validation(), items.size()));
    }

    /** Draws a fresh item each time, never one that is held out. */
    static EvalTask.ExampleStream fresh(Function<Random, EvalTask.Item> source, EvalTask.HeldOut heldOut) {
        Set<Observation> excluded = heldOut.observations();
        return seed -> {
            Random random = new Random(seed);
            return () -> {
                EvalTask.Item item = source.apply(random);
                while (excluded.contains(item.example().getObservation())) {
                    item = source.apply(random);
                }
                return item;
            };
        };
    }

    /** Epoch after epoch over the items, each in a new order. */
    static EvalTask.ExampleStream epochs(List<EvalTask.Item> items) {
        return epochs(items, (item, random) -> item);
    }

    /**
     * Epoch after epoch, each in a new order.
     *
     * @param make creates an item from an entry each time it is drawn
     */
    static <T> EvalTask.ExampleStream epochs(List<T> entries, BiFunction<T, Random, EvalTask.Item> make) {
        return seed -> {
            Random random = new Random(seed);
            List<T> epoch = new ArrayList<>();
            return () -> {
                if (epoch.isEmpty()) {
                    epoch.addAll(entries);
                    Collections.shuffle(epoch, random);
                }
                return make.apply(epoch.remove(epoch.size() - 1), random);
            };
        };
    }

    /** The same items in the order of the held-out seed. */
    static <T> List<T> shuffled(List<T> items) {
        List<T> copy = new ArrayList<>(items);
        Collections.shuffle(copy, new Random(HELD_OUT_SEED));
        return copy;
    }
}
