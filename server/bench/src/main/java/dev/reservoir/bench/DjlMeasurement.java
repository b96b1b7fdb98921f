// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.server.substrate.Precision;
import java.util.List;

/**
 * {@code djl}: the same pass by DJL's own operators in f32, and how far its hidden states are from the substrate's in
 * f32.
 */
final class DjlMeasurement implements Measurement {
    private static final int CHECKED_TOKENS = 16;

    private final Subject subject;
    private double difference = Double.NaN;

    DjlMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        int sequences = request.integer("sequences", 1, 1_024);
        int tokens = request.integer("tokens", 1, 512);
        int millis = request.integer("millis", 1, 60_000);
        Substrate substrate = subject.substrate(Precision.F32);
        DjlOperatorsBert peer = subject.djl();
        if (Double.isNaN(difference)) {
            difference = difference(substrate, peer);
        }
        int[][] ids = ForwardMeasurement.ids(sequences, tokens, substrate.info().vocabulary());
        long nanos = new Repetition(subject.clock()).medianNanosOf(millis, () -> peer.forward(ids));
        JsonObject answer = new JsonObject();
        answer.addProperty("nanos", nanos);
        answer.addProperty("relativeDifference", difference);
        return answer;
    }

    private static double difference(Substrate substrate, DjlOperatorsBert peer) {
        int[][] ids = ForwardMeasurement.ids(1, CHECKED_TOKENS, substrate.info().vocabulary());
        HiddenStates ours = substrate.forward(List.of(new SubstrateInput.TokenIds(ids[0])));
        float[] theirs = peer.forward(ids);
        double error = 0;
        double size = 0;
        for (int i = 0; i < theirs.length; i++) {
            double d = (double) theirs[i] - ours.values()[i];
            error += d * d;
            size += (double) theirs[i] * theirs[i];
        }
        return Math.sqrt(error / size);
    }
}
