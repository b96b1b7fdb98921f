// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.v1.Head;
import java.util.Arrays;
import java.util.List;

/** The accuracy of a text head after few and after many examples. */
final class SentimentFigure implements Figure {
    private static final int FEW = 100;
    private static final int SETS = 7;
    private static final int MANY = 2_000;

    @Override
    public String name() {
        return "sentiment";
    }

    @Override
    public String about() {
        return "share of 1,000 held-out sentences right (Sentiment Labelled Sentences) after 100 examples (median of "
                + SETS + " sets) and after 2,000";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        HeldOutScores scores = new HeldOutScores(apparatus.client(), name(), "text-sentiment");
        Head spec = scores.workload().spec();
        for (int set = 0; set < SETS; set++) {
            progress.at("training on " + FEW + ", set " + (set + 1) + " of " + SETS);
            scores.train("few-" + set, spec, set * FEW, (set + 1) * FEW);
        }
        progress.at("training on " + MANY);
        scores.train("many", spec, 0, MANY);
        progress.at("scoring");
        double[] right = scores.scores();
        return List.of(
                new Measured(name() + ".after-100", percent(Arrays.copyOf(right, SETS)), "%")
                        .withTarget(Target.atLeast(80)),
                new Measured(name() + ".after-2000", percent(right[SETS]), "%").withTarget(Target.atLeast(87)));
    }

    private static Spread percent(double... shares) {
        return Spread.of(Arrays.stream(shares).map(share -> 100 * share).toArray());
    }
}
