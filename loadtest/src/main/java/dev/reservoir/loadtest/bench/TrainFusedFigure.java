// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;

/** A fused training step of many heads, compared with the same heads one after the other. */
final class TrainFusedFigure implements Figure {
    private static final int ROUNDS = 5;
    /** For shapes without a target. */
    private static final int FEW_ROUNDS = 3;

    private static final int MILLIS = 300;
    private static final List<Integer> HEADS = List.of(1, 8, 32, 128);
    private static final List<Integer> EXAMPLES = List.of(1, 4, 16);

    @Override
    public String name() {
        return "train-fused";
    }

    @Override
    public String about() {
        return "a training step of 1 ... 128 heads x 1, 4 and 16 examples of " + TrainSteps.TOKENS
                + " tokens: the heads one after the other over all in one fused step";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        Hook hook = apparatus.hook();
        List<Measured> figures = new ArrayList<>();
        for (int heads : HEADS) {
            for (int examples : EXAMPLES) {
                String shape = heads + "x" + examples;
                JsonObject fused = TrainSteps.train("fused", heads, examples, TrainSteps.TOKENS, MILLIS);
                JsonObject sequential = TrainSteps.train("sequential", heads, examples, TrainSteps.TOKENS, MILLIS);
                Target target = apparatus.targets().fusedOverSequential(heads, examples);
                hook.measure(fused);
                Rounds rounds = new Rounds()
                        .side("fused", () -> TrainSteps.nanos(hook, fused))
                        .side("sequential", () -> TrainSteps.nanos(hook, sequential))
                        .run(target == null ? FEW_ROUNDS : ROUNDS, what -> progress.at(shape + ", " + what));
                figures.add(new Measured(name() + "." + shape, rounds.ratio("sequential", "fused"), "x")
                        .withTarget(target)
                        .withNote("one fused step "
                                + Math.round(rounds.spread("fused").median() / 1e6) + " ms"));
            }
        }
        return figures;
    }
}
