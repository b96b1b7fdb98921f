// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.client.CallFailure;
import dev.reservoir.loadtest.client.ExampleSource;
import dev.reservoir.loadtest.client.PredictionStream;
import dev.reservoir.loadtest.client.ReservoirClient;
import dev.reservoir.loadtest.run.RunFailure;
import dev.reservoir.loadtest.workload.Workload;
import dev.reservoir.loadtest.workload.Workloads;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.PredictRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** Trains heads of one workload over streams and scores them together on held-out examples. */
final class HeldOutScores {
    private static final int IN_FLIGHT = 64;

    private final ReservoirClient client;
    private final Workload workload;
    private final String tenant;
    private final Map<String, Long> heads = new LinkedHashMap<>();

    HeldOutScores(ReservoirClient client, String tenant, String workloadId) {
        this.client = client;
        this.tenant = tenant;
        this.workload = new Workloads(Workloads.DEMO_SEED).byId(workloadId);
    }

    Workload workload() {
        return workload;
    }

    /** Creates a head and trains it on a part of the workload's stream. */
    void train(String id, Head spec, int from, int to) {
        String name = "tenants/" + tenant + "/heads/" + id;
        client.createHead(name, spec, "bench");
        List<Example> part =
                workload.train().subList(from, Math.min(to, workload.train().size()));
        try {
            client.train(name, 1, ExampleSource.of(part), progress -> {})
                    .completion()
                    .join();
        } catch (CompletionException e) {
            throw failed(e);
        }
        heads.put(name, (long) part.size());
    }

    /**
     * Share of held-out examples that each head predicts correctly, in the order of training; one pass for all heads.
     */
    double[] scores() throws InterruptedException {
        List<String> names = List.copyOf(heads.keySet());
        AtomicIntegerArray right = new AtomicIntegerArray(names.size());
        Semaphore permits = new Semaphore(IN_FLIGHT);
        List<CompletableFuture<Void>> answers = new ArrayList<>();
        try (PredictionStream stream = client.predictions()) {
            for (Example example : workload.test()) {
                permits.acquire();
                PredictRequest request = PredictRequest.newBuilder()
                        .addAllHeads(names)
                        .setObservation(example.getObservation())
                        .setMaxScores(-1)
                        .build();
                answers.add(stream.predict(request)
                        .whenComplete((response, failure) -> permits.release())
                        .thenAccept(response -> {
                            for (int i = 0; i < names.size(); i++) {
                                String label =
                                        response.getPredictions(i).getLabel().getLabel();
                                if (label.equals(example.getTarget().getLabel())) {
                                    right.incrementAndGet(i);
                                }
                            }
                        }));
            }
            CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).join();
        } catch (CompletionException e) {
            throw failed(e);
        }
        double[] scores = new double[names.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = (double) right.get(i) / workload.test().size();
        }
        return scores;
    }

    private static RunFailure failed(CompletionException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return new RunFailure(
                String.valueOf(CallFailure.of("held-out scores", cause).getMessage()), cause);
    }
}
