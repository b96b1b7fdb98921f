// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;

/** Requests for training steps. */
final class TrainSteps {
    static final int TOKENS = 16;

    private TrainSteps() {}

    /** @param mode {@code fused} or {@code sequential} */
    static JsonObject train(String mode, int heads, int examples, int tokens, int millis) {
        JsonObject request = sized("train", heads, examples, tokens, millis);
        request.addProperty("mode", mode);
        return request;
    }

    static JsonObject sized(String measure, int heads, int examples, int tokens, int millis) {
        JsonObject request = Apparatus.request(measure);
        request.addProperty("heads", heads);
        request.addProperty("examples", examples);
        request.addProperty("tokens", tokens);
        request.addProperty("millis", millis);
        return request;
    }

    static double nanos(Hook hook, JsonObject request) {
        return hook.measure(request).get("nanos").getAsDouble();
    }
}
