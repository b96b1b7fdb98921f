// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.client.PredictionStream;
import java.util.List;

/** One text at a time, alone and while another process keeps every core busy; ONNX Runtime for comparison. */
final class LatencyFigure implements Figure {
    private static final int ROUNDS = 5;
    private static final int REPEATS = 25;
    private static final int TOKENS = 16;
    private static final int PEER_MILLIS = 300;

    @Override
    public String name() {
        return "latency";
    }

    @Override
    public String about() {
        return "one text of " + TOKENS + " tokens over gRPC, one at a time: beside a process that spins on every core,"
                + " over alone; ONNX Runtime's pass 1x" + TOKENS + " the same way";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        TextHeads heads = TextHeads.create(apparatus.client(), name(), 1);
        OnnxModel peer = apparatus.onnx(OnnxModel.F32);
        Shape shape = new Shape(1, TOKENS);
        Texts texts = new Texts(4);
        int cores = Runtime.getRuntime().availableProcessors();
        double[][] times = new double[4][ROUNDS];
        try (PredictionStream stream = apparatus.client().predictions()) {
            heads.millis(stream, 1, TOKENS, texts, REPEATS);
            for (int round = 0; round < ROUNDS; round++) {
                progress.at("round " + (round + 1) + " of " + ROUNDS + ", alone");
                times[0][round] = heads.millis(stream, 1, TOKENS, texts, REPEATS);
                times[1][round] = peer.nanos(shape, PEER_MILLIS) / 1e6;
                progress.at("round " + (round + 1) + " of " + ROUNDS + ", beside a busy process");
                try (BusyProcess busy = BusyProcess.start(cores)) {
                    times[2][round] = heads.millis(stream, 1, TOKENS, texts, REPEATS);
                    times[3][round] = peer.nanos(shape, PEER_MILLIS) / 1e6;
                }
            }
        }
        return List.of(
                new Measured(name() + ".alone", Spread.of(times[0]), "ms"),
                new Measured(name() + ".busy", Spread.of(times[2]), "ms"),
                new Measured(name() + ".busy-over-alone", ratio(times[2], times[0]), "x"),
                new Measured(name() + ".onnxruntime-alone", Spread.of(times[1]), "ms")
                        .withNote("its pass alone, in process, " + apparatus.threads() + " threads"),
                new Measured(name() + ".onnxruntime-busy-over-alone", ratio(times[3], times[1]), "x"));
    }

    private static Spread ratio(double[] over, double[] under) {
        double[] ratios = new double[over.length];
        for (int i = 0; i < over.length; i++) {
            ratios[i] = over[i] / under[i];
        }
        return Spread.of(ratios);
    }
}
