// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.client.PredictionStream;
import dev.reservoir.loadtest.client.ReservoirClient;
import dev.reservoir.loadtest.run.RunFailure;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Gradient;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TextModality;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;

/** Heads for text with ten labels, in the figure's own tenant. */
final class TextHeads {
    private static final int CLASSES = 10;
    /** Number of concurrent creations. */
    private static final int CALLERS = 8;

    private final List<String> names;

    private TextHeads(List<String> names) {
        this.names = List.copyOf(names);
    }

    static TextHeads create(ReservoirClient client, String tenant, int count) {
        Classification.Builder labels = Classification.newBuilder();
        for (int i = 0; i < CLASSES; i++) {
            labels.addLabels("label-" + i);
        }
        Head spec = Head.newBuilder()
                .setModality(Modality.newBuilder().setText(TextModality.getDefaultInstance()))
                .setTask(Task.newBuilder().setClassification(labels))
                .setLearning(Learning.newBuilder().setGradient(Gradient.getDefaultInstance()))
                .build();
        List<String> names = IntStream.range(0, count)
                .mapToObj(i -> "tenants/" + tenant + "/heads/head-" + i)
                .toList();
        ForkJoinPool callers = new ForkJoinPool(CALLERS);
        try {
            callers.submit(() -> names.parallelStream().forEach(name -> client.createHead(name, spec, "bench")))
                    .join();
        } finally {
            callers.shutdown();
        }
        return new TextHeads(names);
    }

    /** A request for the first {@code heads} of them. */
    PredictRequest request(int heads, String text) {
        return PredictRequest.newBuilder()
                .addAllHeads(names.subList(0, heads))
                .setObservation(Observation.newBuilder().setText(text))
                .build();
    }

    /** A request for one of them. */
    PredictRequest requestOne(int index, String text) {
        return PredictRequest.newBuilder()
                .addHeads(names.get(index))
                .setObservation(Observation.newBuilder().setText(text))
                .build();
    }

    /** Median milliseconds from request to answer, one at a time. */
    double millis(PredictionStream stream, int heads, int tokens, Texts texts, int repeats) {
        double[] times = new double[repeats];
        for (int i = 0; i < repeats; i++) {
            PredictRequest request = request(heads, texts.next(tokens));
            long start = System.nanoTime();
            PredictResponse response;
            try {
                response = stream.predict(request).join();
            } catch (CompletionException e) {
                throw new RunFailure(String.valueOf(e.getCause() == null ? e : e.getCause()), e);
            }
            times[i] = (System.nanoTime() - start) / 1e6;
            check(response, heads);
        }
        return Spread.of(Arrays.copyOf(times, repeats)).median();
    }

    /** Checks the answer of one head. */
    static void checkAnswered(PredictResponse response) {
        check(response, 1);
    }

    private static void check(PredictResponse response, int heads) {
        if (response.getPredictionsCount() != heads) {
            throw new RunFailure(response.getPredictionsCount() + " answers (expected: " + heads + ")");
        }
        for (HeadPrediction answer : response.getPredictionsList()) {
            if (answer.getLabel().getScoresCount() != CLASSES) {
                throw new RunFailure("an answer without " + CLASSES + " scores: " + answer);
            }
        }
    }
}
