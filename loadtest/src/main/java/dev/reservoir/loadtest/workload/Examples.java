// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.SymbolSequence;
import dev.reservoir.v1.Target;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Creates labelled examples and orders them. */
final class Examples {

    private Examples() {}

    static Example ofText(String text, String label) {
        return labelled(Observation.newBuilder().setText(text), label);
    }

    static Example ofSymbols(Iterable<Integer> symbols, String label) {
        return labelled(
                Observation.newBuilder().setTokens(SymbolSequence.newBuilder().addAllSymbols(symbols)), label);
    }

    static Example labelled(Observation.Builder observation, String label) {
        return Example.newBuilder()
                .setObservation(observation)
                .setTarget(Target.newBuilder().setLabel(label))
                .build();
    }

    /** The same items, shuffled. */
    static <T> List<T> shuffled(List<T> items, Random random) {
        List<T> copy = new ArrayList<>(items);
        Collections.shuffle(copy, random);
        return copy;
    }
}
