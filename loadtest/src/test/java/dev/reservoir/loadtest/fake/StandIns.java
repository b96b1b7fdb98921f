// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import dev.reservoir.loadtest.workload.Baseline;
import dev.reservoir.loadtest.workload.Workload;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Forecast;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.SeriesModality;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TextModality;
import dev.reservoir.v1.Vector;
import java.util.ArrayList;
import java.util.List;

/** Small workloads that {@link FakeReservoir} can learn. */
public final class StandIns {
    private static final List<String> WORDS = List.of("apple", "brick", "cloud", "drum", "eagle");

    private StandIns() {}

    /** A text's first word determines its label; answering without reading it is correct in 2 of 5 cases. */
    public static Workload fruit() {
        Head spec = Head.newBuilder()
                .setModality(Modality.newBuilder().setText(TextModality.getDefaultInstance()))
                .setTask(Task.newBuilder().setClassification(Classification.getDefaultInstance()))
                .build();
        return new Workload(
                "fruit",
                "What the first word says",
                spec,
                "accuracy",
                new Workload.Data(texts(200, "then"), texts(50, "later"), "made up"),
                new Baseline(0.4, "majority"));
    }

    /** A ramp: the next number is the last one plus two. */
    public static Workload ramp() {
        Head spec = Head.newBuilder()
                .setModality(Modality.newBuilder()
                        .setSeries(SeriesModality.newBuilder().setChannels(1).setWindow(3)))
                .setTask(Task.newBuilder().setForecast(Forecast.newBuilder().setHorizon(1)))
                .build();
        return new Workload(
                "ramp",
                "Where the ramp goes",
                spec,
                "mae",
                new Workload.Data(windows(0, 120), windows(400, 30), "made up"),
                new Baseline(2, "persistence"));
    }

    private static List<Example> texts(int count, String rest) {
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int word = i % WORDS.size();
            String label = word < 2 ? "round" : word < 4 ? "square" : "other";
            examples.add(Example.newBuilder()
                    .setObservation(Observation.newBuilder().setText(WORDS.get(word) + " " + rest + " " + i))
                    .setTarget(Target.newBuilder().setLabel(label))
                    .build());
        }
        return examples;
    }

    private static List<Example> windows(int from, int count) {
        List<Example> examples = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            Matrix window = Matrix.newBuilder()
                    .setColumns(1)
                    .addAllValues(List.of(2f * i, 2f * i + 2, 2f * i + 4))
                    .build();
            examples.add(Example.newBuilder()
                    .setObservation(Observation.newBuilder().setSeries(window))
                    .setTarget(Target.newBuilder().setValues(Vector.newBuilder().addValues(2f * i + 6)))
                    .build());
        }
        return examples;
    }
}
