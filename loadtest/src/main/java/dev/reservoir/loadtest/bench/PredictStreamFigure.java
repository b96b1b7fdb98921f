// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;
import dev.reservoir.loadtest.client.PredictionStream;
import dev.reservoir.loadtest.run.RunFailure;
import java.util.List;

/** Predictions over a gRPC stream, compared with predictions inside a process with the same engine. */
final class PredictStreamFigure implements Figure {
    private static final int ROUNDS = 7;
    private static final int MILLIS = 2_500;
    /**
     * Each side first answers short texts until the JIT compiler has finished with the code that a prediction runs
     * through, which takes some thousands of calls: with the figure's own texts that was a minute at a quarter of a
     * core on both sides of the network.
     */
    private static final int WARMING_MILLIS = 10_000;

    /** Longer, since the network code is far larger than the engine's, and runs in two programs. */
    private static final int WARMING_NETWORK_MILLIS = 25_000;

    private static final int WARMING_TOKENS = 3;

    /**
     * Two full batches per lane on two cores: one in progress and one waiting, so that no lane waits for the client.
     */
    private static final int IN_FLIGHT = 128;

    private static final int TOKENS = 16;

    @Override
    public String name() {
        return "predict-stream";
    }

    @Override
    public String about() {
        return "PredictStream over in-process: predictions/s of distinct texts of " + TOKENS + " tokens, no cache, "
                + IN_FLIGHT + " in flight, client on the same machine";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        Texts texts = new Texts(1);
        JsonObject engine = engine(TOKENS, MILLIS);
        Hook hook = apparatus.laneHook();
        progress.at("warming up, in process");
        hook.measure(engine(WARMING_TOKENS, WARMING_MILLIS));
        int tokens = hook.measure(engine).get("tokens").getAsInt();
        if (tokens != TOKENS) {
            throw new RunFailure("a text of " + tokens + " tokens (expected: " + TOKENS + ")");
        }
        TextHeads heads = TextHeads.create(apparatus.client(), name(), 1);
        try (PredictionStream stream = apparatus.client().predictions()) {
            Rounds rounds = new Rounds()
                    .side("gRPC", () -> rate(stream, heads, texts, TOKENS, MILLIS))
                    .side(
                            "in process",
                            () -> hook.measure(engine).get("perSecond").getAsDouble());
            progress.at("warming up, gRPC");
            rate(stream, heads, texts, WARMING_TOKENS, WARMING_NETWORK_MILLIS);
            rate(stream, heads, texts, TOKENS, MILLIS);
            rounds.run(ROUNDS, progress);
            return List.of(
                    new Measured(name() + ".grpc", rounds.spread("gRPC"), "1/s"),
                    new Measured(name() + ".in-process", rounds.spread("in process"), "1/s"),
                    new Measured(name() + ".over-in-process", rounds.ratio("gRPC", "in process"), "x")
                            .withTarget(Target.atLeast(0.85)));
        }
    }

    private static JsonObject engine(int tokens, int millis) {
        JsonObject request = Apparatus.request("engine");
        request.addProperty("inFlight", IN_FLIGHT);
        request.addProperty("millis", millis);
        request.addProperty("words", tokens - 2);
        request.add("vocabulary", Apparatus.vocabulary());
        return request;
    }

    private static double rate(PredictionStream stream, TextHeads heads, Texts texts, int tokens, int millis)
            throws InterruptedException {
        return new ClosedLoop(stream, () -> heads.requestOne(0, texts.next(tokens)), IN_FLIGHT, millis).perSecond();
    }
}
