// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.demo;

import dev.reservoir.loadtest.client.CallFailure;
import dev.reservoir.loadtest.client.PredictionStream;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Scores trained heads on all their test examples. One request addresses a head and its control: one observation, one
 * pass of the substrate.
 */
final class HeldOut {
    private static final int IN_FLIGHT = 32;

    /**
     * Held-out scores of a head and of its control.
     *
     * @param examples scored on
     */
    record Scores(double head, double control, long examples) {}

    private final PredictionStream stream;
    private final Semaphore permits = new Semaphore(IN_FLIGHT);
    private final AtomicLong done = new AtomicLong();

    HeldOut(PredictionStream stream) {
        this.stream = stream;
    }

    /** Examples answered so far, of all heads. */
    long done() {
        return done.get();
    }

    /**
     * Predicts every test example and waits for the answers.
     *
     * @throws CallFailure if a prediction fails
     */
    Scores score(Contender contender) throws InterruptedException {
        Tally head = new Tally();
        Tally control = new Tally();
        List<CompletableFuture<Void>> answers = new ArrayList<>();
        for (Example example : contender.workload().test()) {
            permits.acquire();
            PredictRequest request = PredictRequest.newBuilder()
                    .addHeads(contender.head().head())
                    .addHeads(contender.control().head())
                    .setObservation(example.getObservation())
                    .setMinAppliedSequence(contender.head().total())
                    .setMaxScores(-1)
                    .build();
            answers.add(stream.predict(request)
                    .whenComplete((response, failure) -> permits.release())
                    .thenAccept(response -> {
                        head.add(example.getTarget(), answer(response, 0));
                        control.add(example.getTarget(), answer(response, 1));
                        done.incrementAndGet();
                    }));
        }
        try {
            CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).join();
        } catch (CompletionException e) {
            throw CallFailure.of("scoring " + contender.head().head(), e.getCause() == null ? e : e.getCause());
        }
        return new Scores(
                head.score(), control.score(), contender.workload().test().size());
    }

    private static HeadPrediction answer(PredictResponse response, int index) {
        HeadPrediction answer = response.getPredictions(index);
        if (answer.hasError()) {
            throw CallFailure.of("predicting with " + answer.getHead(), answer.getError());
        }
        return answer;
    }
}
