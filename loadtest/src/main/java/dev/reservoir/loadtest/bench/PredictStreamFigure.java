package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;
import dev.reservoir.loadtest.client.PredictionStream;
import java.util.List;

/** Predictions over a gRPC stream against predictions inside a process with the same engine. */
final class PredictStreamFigure implements Figure {
    private static final int ROUNDS = 7;
    private static final int MILLIS = 2_500;
    /** Both programs compile their hot code meanwhile, which takes as much of the cores as the network itself. */
    private static final int WARMING = 5;

    private static final int IN_FLIGHT = 64;
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
        JsonObject engine = Apparatus.request("engine");
        engine.addProperty("inFlight", IN_FLIGHT);
        engine.addProperty("millis", MILLIS);
        engine.addProperty("words", TOKENS - 2);
        engine.add("vocabulary", Apparatus.vocabulary());
        Hook hook = apparatus.laneHook();
        int tokens = hook.ask(engine).get("tokens").getAsInt();
        if (tokens != TOKENS) {
            throw new BenchFailure("a text of " + tokens + " tokens (expected: " + TOKENS + ")");
        }
        TextHeads heads = TextHeads.create(apparatus.client(), name(), 1);
        try (PredictionStream stream = apparatus.client().predictions()) {
            Rounds rounds = new Rounds()
                    .side("gRPC", () -> rate(stream, heads, texts))
                    .side("in process", () -> hook.ask(engine).get("perSecond").getAsDouble());
            for (int i = 0; i < WARMING; i++) {
                progress.at("warming up");
                rate(stream, heads, texts);
            }
            rounds.run(ROUNDS, progress);
            return List.of(
                    new Measured(name() + ".grpc", rounds.spread("gRPC"), "1/s"),
                    new Measured(name() + ".in-process", rounds.spread("in process"), "1/s"),
                    new Measured(name() + ".over-in-process", rounds.ratio("gRPC", "in process"), "x")
                            .withTarget(Target.atLeast(0.85)));
        }
    }

    private static double rate(PredictionStream stream, TextHeads heads, Texts texts) throws InterruptedException {
        return new ClosedLoop(stream, () -> heads.askOne(0, texts.next(TOKENS)), IN_FLIGHT, MILLIS).perSecond();
    }
}
