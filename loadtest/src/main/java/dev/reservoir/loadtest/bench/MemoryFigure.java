// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;
import java.util.List;

/** Resident memory of a thousand heads, beyond that of a server with none. */
final class MemoryFigure implements Figure {
    private static final int HEADS = 1_000;
    private static final int EXAMPLES = 40;

    private final String kind;
    private final String description;
    private final Target target;

    private MemoryFigure(String kind, String description, Target target) {
        this.kind = kind;
        this.description = description;
        this.target = target;
    }

    static List<Figure> all() {
        return List.of(
                new MemoryFigure("gradient", "gradient readouts", Target.atMost(100)),
                new MemoryFigure("private", "least squares, each with a history of its own", Target.atMost(800)),
                new MemoryFigure("shared", "least squares on the same observations", Target.atMost(120)));
    }

    @Override
    public String name() {
        return "memory-" + kind;
    }

    @Override
    public String about() {
        return "resident memory of 1,000 text heads of ten labels that learned " + EXAMPLES + " examples each: "
                + description;
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) {
        JsonObject request = Apparatus.request("memory");
        request.addProperty("kind", kind);
        request.addProperty("heads", HEADS);
        request.addProperty("examples", EXAMPLES);
        request.add("vocabulary", Apparatus.vocabulary());
        progress.at("training");
        try (Hook hook = apparatus.freshHook()) {
            JsonObject answer = hook.measure(request);
            return List.of(new Measured(name(), Spread.of(answer.get("bytes").getAsDouble() / 1e6), "MB")
                    .withTarget(target)
                    .withNote("above " + Math.round(answer.get("before").getAsDouble() / 1e6)
                            + " MB with none; engine and learners in a process of their own, after a collection"));
        }
    }
}
