// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.demo;

import dev.reservoir.loadtest.client.CallFailure;
import dev.reservoir.loadtest.client.OpenLoop;
import dev.reservoir.loadtest.client.PredictionStream;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.PredictRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Predictions on test observations while the heads learn: round robin over the heads, each with its own shuffled order
 * of observations, which repeats when it is exhausted.
 */
final class Traffic implements OpenLoop.Request {
    private final List<Contender> contenders;
    private final List<List<Example>> orders = new ArrayList<>();
    private final List<PredictionStream> streams;
    private final AtomicLong repeats = new AtomicLong();

    Traffic(List<Contender> contenders, List<PredictionStream> streams, Random random) {
        this.contenders = List.copyOf(contenders);
        this.streams = List.copyOf(streams);
        for (Contender contender : contenders) {
            List<Example> order = new ArrayList<>(contender.workload().test());
            Collections.shuffle(order, random);
            orders.add(order);
        }
    }

    @Override
    public CompletionStage<?> send(long index) {
        int turn = (int) (index % contenders.size());
        long round = index / contenders.size();
        Contender contender = contenders.get(turn);
        List<Example> order = orders.get(turn);
        if (round >= order.size()) {
            repeats.incrementAndGet();
        }
        Example example = order.get((int) (round % order.size()));
        PredictRequest request = PredictRequest.newBuilder()
                .addHeads(contender.head().head())
                .setObservation(example.getObservation())
                .setMaxScores(-1)
                .build();
        return streams.get((int) (index % streams.size())).predict(request).thenAccept(response -> {
            HeadPrediction answer = response.getPredictions(0);
            if (answer.hasError()) {
                throw CallFailure.of("predicting with " + answer.getHead(), answer.getError());
            }
            contender.answered(example.getTarget(), answer);
        });
    }

    /** The number of requests so far whose observation had been sent before. */
    long repeats() {
        return repeats.get();
    }
}
