// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;

/**
 * The substrate's forward pass at one shape, in each precision, compared with bare matrix products in the same run,
 * DJL's operators and ONNX Runtime.
 */
final class ForwardFigure implements Figure {
    private static final int ROUNDS = 7;
    private static final int MILLIS = 300;

    private final Shape shape;

    ForwardFigure(Shape shape) {
        this.shape = shape;
    }

    @Override
    public String name() {
        return "forward-" + shape;
    }

    @Override
    public String about() {
        return "pass over " + shape.sequences() + " x " + shape.tokens()
                + " tokens: GFLOP/s, and over the bare product, DJL's operators f32, ONNX Runtime f32 and int8";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        JsonObject machine = apparatus.machine();
        String chosen = machine.get("precision").getAsString();
        List<String> precisions = new ArrayList<>();
        for (JsonElement precision : machine.getAsJsonArray("precisions")) {
            precisions.add(precision.getAsString());
        }
        Hook hook = apparatus.hook();
        OnnxModel f32 = apparatus.onnx(OnnxModel.F32);
        OnnxModel int8 = apparatus.onnx(OnnxModel.INT8);
        Rounds rounds = new Rounds();
        for (String precision : precisions) {
            rounds.side(precision, () -> rate(hook.measure(forward(precision))));
            rounds.side("bare " + precision, () -> rate(hook.measure(bare(precision))));
        }
        double flops = hook.measure(forward(chosen)).get("flops").getAsDouble();
        rounds.side("DJL", () -> flops / hook.measure(sized("djl")).get("nanos").getAsDouble())
                .side("ONNX Runtime f32", () -> flops / f32.nanos(shape, MILLIS))
                .side("ONNX Runtime int8", () -> flops / int8.nanos(shape, MILLIS))
                .run(ROUNDS, progress);
        Targets targets = apparatus.targets();
        String threads = apparatus.threads() + " threads on each side";
        List<Measured> figures = new ArrayList<>();
        for (String precision : precisions) {
            figures.add(new Measured(name() + ".gflops-" + precision, rounds.spread(precision), "GFLOP/s")
                    .withNote("products of the pass, attention's included, " + threads));
            figures.add(
                    new Measured(name() + ".bare-gflops-" + precision, rounds.spread("bare " + precision), "GFLOP/s")
                            .withNote("its frozen products alone: rows " + shape.rows() + ", " + threads));
            figures.add(
                    new Measured(name() + ".over-bare-" + precision, rounds.ratio(precision, "bare " + precision), "x")
                            .withTarget(targets.overBare(precision, shape)));
        }
        figures.add(new Measured(name() + ".over-djl-f32", rounds.ratio(chosen, "DJL"), "x")
                .withTarget(targets.overDjl(shape))
                .withNote("in " + chosen));
        figures.add(new Measured(name() + ".over-onnxruntime-f32", rounds.ratio(chosen, "ONNX Runtime f32"), "x")
                .withTarget(targets.overOnnxRuntime(shape))
                .withNote("in " + chosen));
        figures.add(new Measured(name() + ".over-onnxruntime-int8", rounds.ratio(chosen, "ONNX Runtime int8"), "x")
                .withNote("in " + chosen));
        return figures;
    }

    private JsonObject forward(String precision) {
        JsonObject request = sized("forward");
        request.addProperty("precision", precision);
        return request;
    }

    private JsonObject bare(String precision) {
        JsonObject request = Apparatus.request("bare");
        request.addProperty("precision", precision);
        request.addProperty("rows", shape.rows());
        request.addProperty("millis", MILLIS);
        return request;
    }

    private JsonObject sized(String measure) {
        JsonObject request = Apparatus.request(measure);
        request.addProperty("sequences", shape.sequences());
        request.addProperty("tokens", shape.tokens());
        request.addProperty("millis", MILLIS);
        return request;
    }

    private static double rate(JsonObject answer) {
        return answer.get("flops").getAsDouble() / answer.get("nanos").getAsDouble();
    }
}
