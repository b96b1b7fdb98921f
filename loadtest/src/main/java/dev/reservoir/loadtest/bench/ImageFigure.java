// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import java.util.List;

/** What the frozen substrate contributes to an image head: its lead over the same learner on the raw pixels. */
final class ImageFigure implements Figure {
    private static final int EXAMPLES = 2_000;

    @Override
    public String name() {
        return "image";
    }

    @Override
    public String about() {
        return "held-out accuracy of the image head (MNIST, 2,000 examples) above its control without the"
                + " substrate";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        HeldOutScores scores = new HeldOutScores(apparatus.client(), name(), "image-digits");
        progress.at("training the head");
        scores.train("head", scores.workload().spec(), 0, EXAMPLES);
        progress.at("training its control");
        scores.train("control", scores.workload().controlSpec(), 0, EXAMPLES);
        progress.at("scoring");
        double[] right = scores.scores();
        return List.of(
                new Measured(name() + ".head", Spread.of(100 * right[0]), "%"),
                new Measured(name() + ".control", Spread.of(100 * right[1]), "%"),
                new Measured(name() + ".margin", Spread.of(100 * (right[0] - right[1])), "points")
                        .withTarget(Target.atLeast(5)));
    }
}
