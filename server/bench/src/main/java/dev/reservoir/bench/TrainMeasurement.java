// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.common.collect.Lists;
import com.google.gson.JsonObject;
import dev.reservoir.heads.SubstrateInfo.Shape.Bert;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.train.FptLearner;
import dev.reservoir.heads.train.FusedStep;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code train}: one step of {@code heads} FPT heads, {@code examples} of {@code tokens} a head, from accepting the
 * examples to updating the parameters. Mode {@code fused}: as many heads a call as fill a pass, which is how a call of
 * all is cut. Mode {@code sequential}: one head per call. The result is the median of the timed calls, alternating
 * between modes, at least one and as many as fit, times the calls that a step of all heads needs.
 */
final class TrainMeasurement implements Measurement {
    private final Subject subject;
    private final Map<String, TrainingHeads> known = new HashMap<>();

    TrainMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        int heads = request.integer("heads", 1, 4_096);
        int examples = request.integer("examples", 1, 256);
        int tokens = request.integer("tokens", 1, 512);
        int millis = request.integer("millis", 1, 60_000);
        String mode = request.text("mode");
        if (!mode.equals("fused") && !mode.equals("sequential")) {
            throw new IllegalArgumentException("mode: " + mode + " (expected: fused or sequential)");
        }
        TunableSubstrate substrate = subject.usual();
        TrainingHeads all = known.computeIfAbsent(
                heads + " " + examples + " " + tokens, unused -> new TrainingHeads(substrate, heads, examples, tokens));
        int perCall = mode.equals("fused") ? Math.max(1, FusedStep.PASS_TOKENS / (examples * tokens)) : 1;
        List<List<FptLearner>> calls = Lists.partition(all.learners(), perCall);
        double nanos =
                (double) heads / Math.min(heads, perCall) * medianNanos(all, calls, new FusedStep(substrate), millis);
        JsonObject answer = new JsonObject();
        answer.addProperty("nanos", (long) nanos);
        answer.addProperty("flops", flops(Subject.shape(substrate), heads * examples, tokens));
        return answer;
    }

    /** Of the calls in turn. */
    private long medianNanos(TrainingHeads all, List<List<FptLearner>> calls, FusedStep step, int millis) {
        long[] times = new long[1 << 16];
        int count = 0;
        long end = subject.clock().getAsLong() + millis * 1_000_000L;
        do {
            List<FptLearner> call = calls.get(count % calls.size());
            all.feed(call);
            long start = subject.clock().getAsLong();
            checkMade(step.run(call));
            times[count++] = subject.clock().getAsLong() - start;
        } while (count < times.length && subject.clock().getAsLong() < end);
        Arrays.sort(times, 0, count);
        return (times[(count - 1) / 2] + times[count / 2]) / 2;
    }

    /** A step that was not made must not count as a fast one. */
    static void checkMade(FusedStep.Outcome outcome) {
        if (!outcome.aborted().isEmpty()) {
            throw new IllegalStateException(
                    outcome.aborted().size() + " updates aborted (expected: none)",
                    outcome.aborted().get(0).cause());
        }
    }

    /**
     * Multiplications and additions of the matrix products that a step needs inside the substrate: the frozen products
     * forward and backward (they are not trained, so the backward pass has as many), and attention's two products
     * forward and four backward. Recomputation in the backward pass does not count, nor do input projections and
     * readouts.
     */
    static double flops(Bert shape, int sequences, int tokens) {
        double rows = (double) sequences * tokens;
        double frozen = rows * shape.flopsPerToken();
        double attention = 2 * rows * tokens * shape.width() * shape.layers();
        return 2 * frozen + 6 * attention;
    }
}
