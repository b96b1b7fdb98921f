// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import java.util.List;
import java.util.SplittableRandom;
import java.util.StringJoiner;

/** Texts of a given number of words, drawn from a list: practically no two are equal. */
final class Texts {
    private final List<String> words;
    private final SplittableRandom random;

    Texts(List<String> words, long seed) {
        this.words = List.copyOf(words);
        this.random = new SplittableRandom(seed);
    }

    synchronized String next(int count) {
        StringJoiner text = new StringJoiner(" ");
        for (int i = 0; i < count; i++) {
            text.add(words.get(random.nextInt(words.size())));
        }
        return text.toString();
    }
}
