// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Recursive least squares on one core, compared with the two matrix products that a minibatch needs and with
 * reservoirpy.
 */
final class LeastSquaresFigure implements Figure {
    private static final int ROUNDS = 7;
    private static final int MINIBATCH = 32;

    private final int width;
    private final double reservoirpy;
    private final @Nullable Target rate;
    private final @Nullable Target overReservoirpy;

    private LeastSquaresFigure(int width, double reservoirpy, @Nullable Target rate, @Nullable Target overReservoirpy) {
        this.width = width;
        this.reservoirpy = reservoirpy;
        this.rate = rate;
        this.overReservoirpy = overReservoirpy;
    }

    static LeastSquaresFigure narrow() {
        return new LeastSquaresFigure(384, 1_907, Target.atLeast(15_000), null);
    }

    static LeastSquaresFigure wide() {
        return new LeastSquaresFigure(2_048, 32, null, Target.atLeast(50));
    }

    @Override
    public String name() {
        return "least-squares-" + width;
    }

    @Override
    public String about() {
        return "recursive least squares at width " + width + ", ten labels, minibatches of " + MINIBATCH
                + ", one core: examples/s, over reservoirpy's (measured elsewhere), and over the bare products";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) {
        JsonObject request = Apparatus.request("least-squares");
        request.addProperty("width", width);
        request.addProperty("classes", 10);
        request.addProperty("minibatch", MINIBATCH);
        request.addProperty("millis", 500);
        Hook hook = apparatus.laneHook();
        hook.measure(request);
        double[] rates = new double[ROUNDS];
        double[] overPeer = new double[ROUNDS];
        double[] overBare = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            progress.at("round " + (round + 1) + " of " + ROUNDS);
            JsonObject answer = hook.measure(request);
            rates[round] = answer.get("examplesPerSecond").getAsDouble();
            overPeer[round] = rates[round] / reservoirpy;
            overBare[round] =
                    answer.get("bareNanos").getAsDouble() / answer.get("nanos").getAsDouble();
        }
        return List.of(
                new Measured(name() + ".rate", Spread.of(rates), "examples/s").withTarget(rate),
                new Measured(name() + ".over-reservoirpy", Spread.of(overPeer), "x")
                        .withTarget(overReservoirpy)
                        .withNote("which learned " + (int) reservoirpy + " examples/s one by one, on another machine"),
                new Measured(name() + ".over-bare", Spread.of(overBare), "x")
                        .withNote(
                                "time of two products [32, F] x [F, F], the arithmetic of a minibatch, over its time"));
    }
}
