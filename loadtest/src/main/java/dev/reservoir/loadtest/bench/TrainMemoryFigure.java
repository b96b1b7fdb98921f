// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;

/** Memory of resident FPT heads with their optimisers' moments, and the time of an example while all learn. */
final class TrainMemoryFigure implements Figure {
    private static final List<Integer> HEADS = List.of(1, 10, 100, 1_000);
    /** Number of examples learned in total, at least one per head. */
    private static final int EXAMPLES = 100;

    private static final int TARGET_HEADS = 1_000;

    @Override
    public String name() {
        return "train-memory";
    }

    @Override
    public String about() {
        return "1 ... 1,000 resident FPT heads of ten classes, rows of 16 numbers, 16 positions, mean readout: memory"
                + " per head, and time per example while all learn in the engine";
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) {
        List<Measured> figures = new ArrayList<>();
        for (int heads : HEADS) {
            progress.at(heads + " heads");
            JsonObject request = Apparatus.request("train-memory");
            request.addProperty("heads", heads);
            request.addProperty("updates", Math.max(1, EXAMPLES / heads));
            try (Hook hook = apparatus.freshHook()) {
                JsonObject answer = hook.measure(request);
                boolean many = heads == TARGET_HEADS;
                String part = name() + "." + heads;
                figures.add(one(part + "-heap", answer.get("heapBytes").getAsDouble() / heads / 1e3, "KB a head")
                        .withTarget(many ? Target.atMost(400) : null)
                        .withNote(Math.round(answer.get("accountedBytes").getAsDouble() / heads / 1e3)
                                + " KB by the learner's own account"));
                if (many) {
                    figures.add(one(part + "-resident", answer.get("bytes").getAsDouble() / heads / 1e3, "KB a head")
                            .withNote("resident memory of the process, including its free heap"));
                }
                figures.add(one(part + "-example", answer.get("nanosPerExample").getAsDouble() / 1e6, "ms an example")
                        .withNote("minibatches of one, one lane per core"));
            }
        }
        return figures;
    }

    private static Measured one(String name, double value, String unit) {
        return new Measured(name, Spread.of(value), unit);
    }
}
