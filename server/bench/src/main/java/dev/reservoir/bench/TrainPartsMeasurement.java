// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import dev.reservoir.heads.SubstrateInfo.Shape.Bert;
import dev.reservoir.heads.train.FusedStep;
import dev.reservoir.server.substrate.torch.BareProduct;
import dev.reservoir.server.substrate.torch.BareProduct.Kernel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code train-parts}: how the time of a fused step is spent. {@code nanos} of the whole step; of it
 * {@code substrateNanos} in the substrate, the rest being Java's: input projections, norm banks, readouts, the
 * optimiser. And what takes how long alone, on operands that lie in the cache: {@code productNanos} of the frozen
 * products forward and backward, {@code attentionNanos} of attention forward and backward. What the substrate needs
 * beyond these two is norms and other row work, copies, and what products lose to cold operands.
 */
final class TrainPartsMeasurement implements Measurement {
    private final Subject subject;
    private final Map<String, BareProduct> products = new HashMap<>();
    private @Nullable AttentionParts attention;

    TrainPartsMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        int heads = request.integer("heads", 1, 1_024);
        int examples = request.integer("examples", 1, 256);
        int tokens = request.integer("tokens", 1, 512);
        int millis = request.integer("millis", 1, 60_000);
        TimedSubstrate substrate = new TimedSubstrate(subject.usual(), subject.clock());
        TrainingHeads all = new TrainingHeads(substrate, heads, examples, tokens);
        FusedStep step = new FusedStep(substrate);
        Repetition repetition = new Repetition(subject.clock());
        List<Long> inside = new ArrayList<>();
        int part = Math.max(1, millis / 3);
        long nanos = repetition.medianNanos(part, () -> {
            all.feed(all.learners());
            substrate.takeNanos();
            long start = subject.clock().getAsLong();
            TrainMeasurement.checkMade(step.run(all.learners()));
            long taken = subject.clock().getAsLong() - start;
            inside.add(substrate.takeNanos());
            return taken;
        });
        List<Long> sorted = inside.subList(1, inside.size()).stream().sorted().toList();
        Bert shape = Subject.shape(substrate);
        boolean bf16 = substrate.info().numerics().precision().equals("bf16");
        JsonObject answer = new JsonObject();
        answer.addProperty("nanos", nanos);
        answer.addProperty("substrateNanos", sorted.get(sorted.size() / 2));
        answer.addProperty("productNanos", productNanos(shape, bf16, heads * examples * tokens, part));
        AttentionParts parts = attention(shape);
        answer.addProperty(
                "attentionNanos",
                shape.layers() * repetition.medianNanos(part, () -> parts.nanos(heads * examples, tokens)));
        return answer;
    }

    private long productNanos(Bert shape, boolean bf16, int rows, int millis) {
        int width = shape.width();
        int wide = shape.feedForwardWidth();
        int[][] there = {{width, 3 * width}, {width, width}, {width, wide}, {wide, width}};
        List<Kernel> kernels = bf16 ? List.of(Kernel.BF16) : List.of(Kernel.F32, Kernel.PACKED_F32);
        int part = Math.max(1, millis / (2 * there.length * kernels.size()));
        long nanos = 0;
        for (int[] product : there) {
            nanos += best(kernels, rows, product[0], product[1], part);
            nanos += best(kernels, rows, product[1], product[0], part);
        }
        return nanos * shape.layers();
    }

    private long best(List<Kernel> kernels, int rows, int inner, int outer, int millis) {
        long best = Long.MAX_VALUE;
        for (Kernel kernel : kernels) {
            BareProduct product =
                    products.computeIfAbsent(kernel + " " + inner + " " + outer, unused -> subject.product());
            product.prepare(kernel, rows, inner, outer);
            best = Math.min(best, new Repetition(subject.clock()).medianNanos(millis, () -> product.nanos(kernel, 1)));
        }
        return best;
    }

    private AttentionParts attention(Bert shape) {
        if (attention == null) {
            attention = subject.attention(shape);
        }
        return attention;
    }
}
