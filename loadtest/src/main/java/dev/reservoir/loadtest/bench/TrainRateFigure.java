// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;
import java.util.List;

/** Arithmetic rate of a fused training step, compared with that of the bare frozen products. */
final class TrainRateFigure implements Figure {
    private static final int ROUNDS = 5;
    private static final int MILLIS = 600;
    private static final int HEADS = 8;
    private static final int EXAMPLES = 4;
    private static final int TOKENS = 64;

    @Override
    public String name() {
        return "train-rate";
    }

    @Override
    public String about() {
        return "training step of " + HEADS + " heads x " + EXAMPLES + " examples of " + TOKENS
                + " tokens: GFLOP/s, and over the bare product";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        Hook hook = apparatus.hook();
        String precision = apparatus.machine().get("precision").getAsString();
        JsonObject step = TrainSteps.train("fused", HEADS, EXAMPLES, TOKENS, MILLIS);
        JsonObject bare = Apparatus.request("bare");
        bare.addProperty("precision", precision);
        bare.addProperty("rows", HEADS * EXAMPLES * TOKENS);
        bare.addProperty("millis", MILLIS);
        hook.measure(step);
        Rounds rounds = new Rounds()
                .side("step", () -> rate(hook.measure(step)))
                .side("bare", () -> rate(hook.measure(bare)))
                .run(ROUNDS, progress);
        return List.of(
                new Measured(name() + ".gflops", rounds.spread("step"), "GFLOP/s")
                        .withNote("frozen products forward and backward, attention's two forward and four backward, in "
                                + precision),
                new Measured(name() + ".bare-gflops", rounds.spread("bare"), "GFLOP/s"),
                new Measured(name() + ".over-bare", rounds.ratio("step", "bare"), "x")
                        .withTarget(apparatus.targets().trainingOverBare()));
    }

    private static double rate(JsonObject answer) {
        return answer.get("flops").getAsDouble() / answer.get("nanos").getAsDouble();
    }
}
