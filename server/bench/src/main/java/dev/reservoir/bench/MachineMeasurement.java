// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.substrate.Precision;

/** {@code machine}: the processor, and which precision a server would choose. */
final class MachineMeasurement implements Measurement {
    private final Subject subject;

    MachineMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        SubstrateInfo.Numerics numerics = subject.usual().info().numerics();
        JsonObject answer = new JsonObject();
        answer.addProperty("processor", subject.processor().model());
        answer.addProperty("bf16", subject.processor().bf16());
        answer.addProperty("threads", subject.threads());
        answer.addProperty("precision", numerics.precision());
        answer.addProperty("precisionReason", numerics.precisionReason());
        JsonArray precisions = new JsonArray();
        precisions.add(Precision.F32.label());
        if (subject.processor().bf16()) {
            precisions.add(Precision.BF16.label());
        }
        answer.add("precisions", precisions);
        return answer;
    }
}
