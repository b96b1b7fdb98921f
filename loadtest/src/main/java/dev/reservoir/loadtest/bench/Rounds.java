// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures several sides in turns: every side once per round, in the opposite order in every other round, so that drift
 * affects all alike. While one side is measured the others are idle.
 */
final class Rounds {
    /** Measures one side once. */
    @FunctionalInterface
    interface Side {
        double measure() throws InterruptedException;
    }

    private final Map<String, Side> sides = new LinkedHashMap<>();
    private final Map<String, double[]> numbers = new LinkedHashMap<>();

    Rounds side(String name, Side side) {
        sides.put(name, side);
        return this;
    }

    Rounds run(int rounds, Figure.Progress progress) throws InterruptedException {
        sides.keySet().forEach(name -> numbers.put(name, new double[rounds]));
        List<String> order = new ArrayList<>(sides.keySet());
        for (int round = 0; round < rounds; round++) {
            for (String name : order) {
                progress.at("round " + (round + 1) + " of " + rounds + ", " + name);
                of(name)[round] = side(name).measure();
            }
            Collections.reverse(order);
        }
        return this;
    }

    /** The spread of the values of one side. */
    Spread spread(String side) {
        return Spread.of(of(side));
    }

    /** The spread of the ratio of two sides, formed round by round. */
    Spread ratio(String over, String under) {
        double[] a = of(over);
        double[] b = of(under);
        double[] ratios = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            ratios[i] = a[i] / b[i];
        }
        return Spread.of(ratios);
    }

    /** The spread of the product of two sides, formed round by round. */
    Spread product(String one, String other) {
        double[] a = of(one);
        double[] b = of(other);
        double[] products = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            products[i] = a[i] * b[i];
        }
        return Spread.of(products);
    }

    private Side side(String name) {
        Side side = sides.get(name);
        if (side == null) {
            throw new IllegalArgumentException("side: " + name + " (expected: one of " + sides.keySet() + ")");
        }
        return side;
    }

    private double[] of(String name) {
        double[] all = numbers.get(name);
        if (all == null) {
            throw new IllegalArgumentException("side: " + name + " (expected: one of " + numbers.keySet() + ")");
        }
        return all;
    }
}
