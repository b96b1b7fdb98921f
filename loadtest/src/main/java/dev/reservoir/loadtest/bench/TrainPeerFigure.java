// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The fused step compared with the same step in DJL's operators, also fused over the heads, and with one head. */
final class TrainPeerFigure implements Figure {
    private static final int ROUNDS = 5;
    private static final int MILLIS = 300;
    private static final List<Integer> HEADS = List.of(1, 128);

    @Override
    public String name() {
        return "train-djl";
    }

    @Override
    public String about() {
        return "examples/s of a training step of 1 and 128 heads x 1 example of " + TrainSteps.TOKENS
                + " tokens over those of DJL's operators and autograd f32, which do not move the parameters";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        Hook hook = apparatus.hook();
        List<Measured> figures = new ArrayList<>();
        for (int heads : HEADS) {
            JsonObject fused = TrainSteps.train("fused", heads, 1, TrainSteps.TOKENS, MILLIS);
            JsonObject djl = TrainSteps.sized("djl-train", heads, 1, TrainSteps.TOKENS, MILLIS);
            hook.measure(fused);
            double difference = hook.measure(djl).get("relativeDifference").getAsDouble();
            Rounds rounds = new Rounds()
                    .side("fused", () -> heads * 1e9 / TrainSteps.nanos(hook, fused))
                    .side("DJL", () -> heads * 1e9 / TrainSteps.nanos(hook, djl))
                    .run(ROUNDS, what -> progress.at(heads + " heads, " + what));
            String shape = name() + "." + heads + "x1x" + TrainSteps.TOKENS;
            figures.add(new Measured(shape + "-rate", rounds.spread("fused"), "examples/s"));
            figures.add(new Measured(shape + "-djl-rate", rounds.spread("DJL"), "examples/s"));
            figures.add(new Measured(shape, rounds.ratio("fused", "DJL"), "x")
                    .withTarget(apparatus.targets().trainingOverDjl(heads))
                    .withNote(String.format(Locale.ROOT, "relative distance of the gradients %.1e", difference)));
        }
        return figures;
    }
}
