// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import dev.reservoir.heads.SubstrateInfo.Shape.Bert;
import dev.reservoir.server.substrate.Precision;
import dev.reservoir.server.substrate.torch.BareProduct;
import dev.reservoir.server.substrate.torch.BareProduct.Kernel;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * {@code bare}: the frozen products of a pass over {@code rows} and nothing else, on as many threads as a pass uses.
 * For each layer {@code [rows, D] x [D, 3 D]}, {@code [rows, D] x [D, D]}, {@code [rows, D] x [D, F]} and {@code [rows,
 * F] x [F, D]}. In f32 the faster of two kernels counts, product by product.
 */
final class BareMeasurement implements Measurement {
    private final Subject subject;
    private final Map<Kernel, List<BareProduct>> products = new EnumMap<>(Kernel.class);

    BareMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        int rows = request.integer("rows", 1, 1 << 16);
        int millis = request.integer("millis", 1, 60_000);
        List<Kernel> kernels = switch (Precision.of(request.text("precision"))) {
            case BF16 -> List.of(Kernel.BF16);
            case F32, AUTO -> List.of(Kernel.F32, Kernel.PACKED_F32);
        };
        if (kernels.contains(Kernel.BF16) && !subject.processor().bf16()) {
            throw new IllegalArgumentException("precision: bf16 (expected: f32, this processor has no bf16)");
        }
        Bert shape = Subject.shape(subject.usual());
        int width = shape.width();
        int wide = shape.feedForwardWidth();
        int[][] shapes = {{width, 3 * width}, {width, width}, {width, wide}, {wide, width}};
        double nanos = 0;
        double flops = 0;
        for (int i = 0; i < shapes.length; i++) {
            long best = Long.MAX_VALUE;
            for (Kernel kernel : kernels) {
                BareProduct product = product(kernel, i);
                product.prepare(kernel, rows, shapes[i][0], shapes[i][1]);
                int part = Math.max(1, millis / (shapes.length * kernels.size()));
                best = Math.min(
                        best,
                        new Repetition(subject.clock()).medianNanos(part, () -> product.nanos(kernel, shape.layers())));
            }
            nanos += best;
            flops += 2.0 * rows * shapes[i][0] * shapes[i][1] * shape.layers();
        }
        JsonObject answer = new JsonObject();
        answer.addProperty("nanos", (long) nanos);
        answer.addProperty("flops", flops);
        return answer;
    }

    /** A product keeps the operands last prepared, so each shape has its own. */
    private BareProduct product(Kernel kernel, int place) {
        List<BareProduct> known = products.computeIfAbsent(kernel, unused -> new ArrayList<>());
        while (known.size() <= place) {
            known.add(subject.product());
        }
        return known.get(place);
    }
}
