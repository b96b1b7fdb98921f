// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInfo.Shape.Bert;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.server.substrate.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * {@code forward}: a pass of the substrate over {@code sequences} of {@code tokens}, from ids to hidden states in
 * Java's memory.
 */
final class ForwardMeasurement implements Measurement {
    private static final int FIRST_WORD = 1_000;

    private final Subject subject;

    ForwardMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        int sequences = request.integer("sequences", 1, 1_024);
        int tokens = request.integer("tokens", 1, 512);
        int millis = request.integer("millis", 1, 60_000);
        Substrate substrate = subject.substrate(Precision.of(request.text("precision")));
        List<SubstrateInput> inputs = new ArrayList<>();
        for (int[] ids : ids(sequences, tokens, substrate.info().vocabulary())) {
            inputs.add(new SubstrateInput.TokenIds(ids));
        }
        long nanos = new Repetition(subject.clock()).medianNanosOf(millis, () -> substrate.forward(inputs));
        JsonObject answer = new JsonObject();
        answer.addProperty("nanos", nanos);
        answer.addProperty("flops", flops(Subject.shape(substrate), sequences, tokens));
        return answer;
    }

    /** Sequences of ids, the same each time. */
    static int[][] ids(int sequences, int tokens, int vocabulary) {
        SplittableRandom random = new SplittableRandom(7);
        int[][] ids = new int[sequences][tokens];
        for (int[] sequence : ids) {
            for (int t = 0; t < tokens; t++) {
                sequence[t] = random.nextInt(FIRST_WORD, vocabulary);
            }
        }
        return ids;
    }

    /** Multiplications and additions of the matrix products of a pass, attention's included, nothing else. */
    static double flops(Bert shape, int sequences, int tokens) {
        double rows = (double) sequences * tokens;
        double frozen = rows * shape.flopsPerToken();
        double attention = 4 * rows * tokens * shape.width() * shape.layers();
        return frozen + attention;
    }
}
