// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;

/** The shares of a fused training step's time. */
final class TrainPartsFigure implements Figure {
    private static final int ROUNDS = 3;
    private static final int MILLIS = 1_500;

    /** Heads, examples, tokens. */
    private static final List<int[]> SHAPES = List.of(new int[] {128, 1, 16}, new int[] {8, 4, 64});

    @Override
    public String name() {
        return "train-parts";
    }

    @Override
    public String about() {
        return "shares of a training step's time: frozen products, attention, norms and other row work, Java";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) {
        Hook hook = apparatus.hook();
        List<Measured> figures = new ArrayList<>();
        for (int[] shape : SHAPES) {
            String part = name() + "." + shape[0] + "x" + shape[1] + "x" + shape[2];
            JsonObject request = TrainSteps.sized("train-parts", shape[0], shape[1], shape[2], MILLIS);
            double[][] shares = new double[4][ROUNDS];
            for (int round = 0; round < ROUNDS; round++) {
                progress.at(part + ", round " + (round + 1) + " of " + ROUNDS);
                JsonObject answer = hook.measure(request);
                double nanos = answer.get("nanos").getAsDouble();
                shares[0][round] = answer.get("productNanos").getAsDouble() / nanos;
                shares[1][round] = answer.get("attentionNanos").getAsDouble() / nanos;
                double substrate = answer.get("substrateNanos").getAsDouble() / nanos;
                shares[2][round] = substrate - shares[0][round] - shares[1][round];
                shares[3][round] = 1 - substrate;
            }
            figures.add(share(part + "-products", shares[0])
                    .withNote("frozen ones, forward and backward, timed alone on operands in the cache"));
            figures.add(share(part + "-attention", shares[1]).withNote("forward and backward, timed alone"));
            figures.add(share(part + "-rows", shares[2])
                    .withNote("what is left of the substrate: norms, GELU, sums per head, copies, cold operands"));
            figures.add(share(part + "-java", shares[3])
                    .withNote("input projections, norm banks, readouts, the optimiser"));
        }
        return figures;
    }

    private static Measured share(String name, double[] shares) {
        return new Measured(name, Spread.of(shares), "of the step");
    }
}
