// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.client.PredictionStream;
import java.util.ArrayList;
import java.util.List;

/** One observation to many heads, compared with one observation to one head. */
final class FanOutFigure implements Figure {
    private static final int ROUNDS = 7;
    private static final int REPEATS = 7;
    private static final int TOKENS = 16;
    private static final List<Integer> HEADS = List.of(1, 10, 100, 1_000, 10_000);
    private static final int TARGET_HEADS = 1_000;

    @Override
    public String name() {
        return "fan-out";
    }

    @Override
    public String about() {
        return "one text of " + TOKENS
                + " tokens to 10 ... 10,000 heads over the time of one head, ten scores each, one"
                + " request at a time";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        progress.at("creating heads");
        TextHeads heads = TextHeads.create(apparatus.client(), name(), HEADS.get(HEADS.size() - 1));
        Texts texts = new Texts(2);
        try (PredictionStream stream = apparatus.client().predictions()) {
            Rounds rounds = new Rounds();
            for (int count : HEADS) {
                rounds.side(side(count), () -> heads.millis(stream, count, TOKENS, texts, REPEATS));
                heads.millis(stream, count, TOKENS, texts, 20);
            }
            rounds.run(ROUNDS, progress);
            List<Measured> figures = new ArrayList<>();
            figures.add(new Measured(name() + ".1", rounds.spread(side(1)), "ms"));
            for (int count : HEADS.subList(1, HEADS.size())) {
                figures.add(new Measured(name() + "." + count, rounds.ratio(side(count), side(1)), "x")
                        .withTarget(count == TARGET_HEADS ? Target.atMost(2) : null));
            }
            return figures;
        }
    }

    private static String side(int heads) {
        return heads + " heads";
    }
}
