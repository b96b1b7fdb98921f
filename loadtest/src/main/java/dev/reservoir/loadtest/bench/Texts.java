// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import java.util.List;
import java.util.SplittableRandom;
import java.util.StringJoiner;

/** Distinct texts of words that are one token each; with [CLS] and [SEP] a text has two more tokens than words. */
final class Texts {
    static final List<String> VOCABULARY =
            List.of(("the of and to in is it you that he was for on are with as his they be at one"
                            + " have this from or had by hot word but what some we can out other were all there"
                            + " when up use your how said an each she which do their time if will way about many"
                            + " then them would write like so these her long make thing see him two has look"
                            + " more day could go come did my")
                    .split(" "));

    private final SplittableRandom random;

    Texts(long seed) {
        random = new SplittableRandom(seed);
    }

    /** @param tokens at least 3 */
    synchronized String next(int tokens) {
        StringJoiner text = new StringJoiner(" ");
        for (int i = 2; i < tokens; i++) {
            text.add(VOCABULARY.get(random.nextInt(VOCABULARY.size())));
        }
        return text.toString();
    }
}
