// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.client.PredictionStream;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Batches whose observations are for a thousand heads, compared with batches for one head. */
final class MixedHeadsFigure implements Figure {
    private static final int ROUNDS = 7;
    private static final int MILLIS = 2_500;
    private static final int IN_FLIGHT = 64;
    private static final int TOKENS = 16;
    private static final int HEADS = 1_000;

    @Override
    public String name() {
        return "mixed-heads";
    }

    @Override
    public String about() {
        return "time of predictions each for another of 1,000 heads over the time of as many for one head, " + IN_FLIGHT
                + " in flight";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        progress.at("creating heads");
        TextHeads heads = TextHeads.create(apparatus.client(), name(), HEADS);
        Texts texts = new Texts(3);
        try (PredictionStream stream = apparatus.client().predictions()) {
            Rounds rounds = new Rounds()
                    .side("one head", () -> rate(stream, heads, 1, texts))
                    .side("1,000 heads", () -> rate(stream, heads, HEADS, texts));
            rate(stream, heads, HEADS, texts);
            rounds.run(ROUNDS, progress);
            return List.of(
                    new Measured(name() + ".one", rounds.spread("one head"), "1/s"),
                    new Measured(name() + ".time-over-one", rounds.ratio("one head", "1,000 heads"), "x")
                            .withTarget(Target.atMost(1.1)));
        }
    }

    private static double rate(PredictionStream stream, TextHeads heads, int count, Texts texts)
            throws InterruptedException {
        AtomicInteger next = new AtomicInteger();
        return new ClosedLoop(
                        stream,
                        () -> heads.requestOne(Math.floorMod(next.getAndIncrement(), count), texts.next(TOKENS)),
                        IN_FLIGHT,
                        MILLIS)
                .perSecond();
    }
}
