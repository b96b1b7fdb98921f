// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.client.PredictionStream;
import java.util.List;

/**
 * Predictions over a stream per ONNX Runtime pass over one text, a unit that allows a comparison with a model server
 * measured on another machine: MLServer 1.7 with ONNX Runtime and the same model answered 113 requests/s of 14 tokens
 * when one such pass took 7.3 ms, 0.82 requests per pass.
 */
final class ModelServerFigure implements Figure {
    /** Requests per pass that MLServer reached. */
    private static final double MLSERVER = 113 * 0.0073;

    private static final int ROUNDS = 7;
    private static final int MILLIS = 2_000;
    private static final int PEER_MILLIS = 500;
    private static final int IN_FLIGHT = 32;
    private static final int TOKENS = 14;

    @Override
    public String name() {
        return "model-server";
    }

    @Override
    public String about() {
        return "predictions of " + TOKENS + "-token texts over PredictStream in the time of one ONNX Runtime pass 1x"
                + TOKENS + "; MLServer with ONNX Runtime reached 0.82 (113/s x 7.3 ms, measured elsewhere), the target"
                + " is twice that";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        TextHeads heads = TextHeads.create(apparatus.client(), name(), 1);
        OnnxModel peer = apparatus.onnx(OnnxModel.F32);
        Texts texts = new Texts(5);
        try (PredictionStream stream = apparatus.client().predictions()) {
            Rounds rounds = new Rounds()
                    .side("gRPC", () -> rate(stream, heads, texts))
                    .side("ONNX Runtime", () -> peer.nanos(new Shape(1, TOKENS), PEER_MILLIS) / 1e9);
            rate(stream, heads, texts);
            rounds.run(ROUNDS, progress);
            return List.of(
                    new Measured(name() + ".grpc", rounds.spread("gRPC"), "1/s"),
                    new Measured(name() + ".predictions-a-pass", rounds.product("gRPC", "ONNX Runtime"), "x")
                            .withTarget(Target.atLeast(2 * MLSERVER))
                            .withNote("target: 2 x 113/s x 7.3 ms, MLServer 1.7 with ONNX Runtime; the pass with "
                                    + apparatus.threads() + " threads"));
        }
    }

    private static double rate(PredictionStream stream, TextHeads heads, Texts texts) throws InterruptedException {
        return new ClosedLoop(stream, () -> heads.requestOne(0, texts.next(TOKENS)), IN_FLIGHT, MILLIS).perSecond();
    }
}
