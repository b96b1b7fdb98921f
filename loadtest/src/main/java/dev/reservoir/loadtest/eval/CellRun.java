// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.loadtest.client.CallFailure;
import dev.reservoir.loadtest.client.ExampleSource;
import dev.reservoir.loadtest.client.PredictionStream;
import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.client.TrainingOutcome;
import dev.reservoir.loadtest.client.TrainingStream;
import dev.reservoir.loadtest.run.RunFailure;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.PredictRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A cell's head on a server, from creation to deletion. Its steps are called one after the other; its progress may be
 * read meanwhile from other threads.
 */
final class CellRun {
    private static final int IN_FLIGHT = 16;
    private static final String WAITING = "waiting";
    private static final String HEAD_FAILED = "HEAD_FAILED";

    private final CellKey key;
    private final EvalTask task;
    private final Contender contender;
    private final ConnectedServer server;
    private final String name;
    private final CellLearning learning;
    private final AtomicLong scored = new AtomicLong();
    private volatile String phase = "starting";

    CellRun(CellKey key, EvalTask task, Contender contender, ConnectedServer server, Timekeeper time) {
        this.key = key;
        this.task = task;
        this.contender = contender;
        this.server = server;
        // A server shares its time equally among tenants, so that a task with long observations does not delay one with
        // short ones.
        this.name = "tenants/" + server.tenant() + "-" + key.task() + "/heads/" + key.headId();
        this.learning = new CellLearning(task, time);
    }

    CellKey key() {
        return key;
    }

    /** The current activity in one word; {@code waiting} is for the sweep to be decided. */
    String phase() {
        return phase;
    }

    CellLearning learning() {
        return learning;
    }

    int examples() {
        return task.training().examples();
    }

    /** Examples handled and items scored: increases as long as the run makes progress. */
    long stepsDone() {
        return learning.handled() + scored.get();
    }

    /**
     * Creates the head, trains it and scores it on the validation items. A head that fails yields a result too.
     *
     * @param sharing heads that learn at the same time
     * @throws CallFailure if the server is at fault
     */
    CellResult train(int sharing) throws InterruptedException {
        phase = "learning";
        Head head = server.training().createHead(name, contender.head(task, key.rate(), key.seed()), "eval");
        TrainingStream stream = server.training().train(name, 0, examples(key.seed()), learning);
        TrainingOutcome outcome;
        try {
            outcome = stream.completion().get();
        } catch (ExecutionException e) {
            CallFailure failure = CallFailure.of("training " + name, e.getCause() == null ? e : e.getCause());
            if (!failure.reason().equals(HEAD_FAILED)) {
                throw failure;
            }
            return failed(head, String.valueOf(failure.getMessage()), sharing);
        } catch (InterruptedException e) {
            stream.cancel();
            throw e;
        }
        double seconds = learning.seconds();
        if (outcome.metrics().getExamples() == 0) {
            throw new RunFailure(name + " learned nothing: " + outcome.refused() + " examples refused, the first: "
                    + learning.firstRefusal());
        }
        phase = "validating";
        Score score = score(task.heldOut().validation());
        return result(head)
                .learned(outcome.metrics().getExamples(), outcome.metrics().getUpdates())
                .refused(outcome.refused())
                .training(seconds, sharing)
                .curve(learning.curve(), learning.reached())
                .validation(score.all())
                .build();
    }

    private CellResult.Builder result(Head head) {
        return CellResult.builder(key, task.fingerprint())
                .substrate(server.substrate().name(), server.substrate().digest())
                .parameters(head.getTrainableParameters());
    }

    private CellResult failed(Head head, String why, int sharing) {
        List<CellResult.CurveStep> curve = learning.curve();
        CellResult.CurveStep last =
                curve.isEmpty() ? new CellResult.CurveStep(0, 0, 0, 0) : curve.get(curve.size() - 1);
        return result(head)
                .learned(last.examples(), last.updates())
                .training(learning.seconds(), sharing)
                .curve(curve, learning.reached())
                .failure(why)
                .build();
    }

    /** Marks the head as trained; its rate may turn out to be the chosen one. */
    void waiting() {
        phase = WAITING;
    }

    boolean isWaiting() {
        return phase.equals(WAITING);
    }

    /** Marks the head as about to be tested. */
    void queueTest() {
        phase = "testing";
    }

    /** Scores the trained head on the test items. */
    CellResult test(CellResult trained) throws InterruptedException {
        phase = "testing";
        Score score = score(task.heldOut().test());
        return trained.tested(score.all(), task.scoring().hardName().isEmpty() ? null : score.hard());
    }

    void delete() {
        server.training().deleteHead(name);
    }

    private ExampleSource examples(long seed) {
        EvalTask.Sequence source = task.training().stream().from(seed);
        boolean asSet = contender.withoutSubstrate();
        return sequence -> {
            if (sequence > task.training().examples()) {
                return null;
            }
            Example example = source.next().example();
            return (asSet ? Targets.asSet(example) : example)
                    .toBuilder().setSequence(sequence).build();
        };
    }

    private Score score(List<EvalTask.Item> items) throws InterruptedException {
        Score score = new Score();
        Semaphore permits = new Semaphore(IN_FLIGHT);
        List<CompletableFuture<Void>> answers = new ArrayList<>();
        try (PredictionStream stream = server.serving().predictions()) {
            for (EvalTask.Item item : items) {
                permits.acquire();
                PredictRequest request = PredictRequest.newBuilder()
                        .addHeads(name)
                        .setObservation(item.example().getObservation())
                        .setMaxScores(-1)
                        .build();
                answers.add(stream.predict(request)
                        .whenComplete((response, failure) -> permits.release())
                        .thenAccept(response -> {
                            HeadPrediction answer = response.getPredictions(0);
                            if (answer.hasError()) {
                                throw CallFailure.of("predicting with " + name, answer.getError());
                            }
                            score.add(item, answer);
                            scored.incrementAndGet();
                        }));
            }
            CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).join();
        } catch (CompletionException e) {
            throw CallFailure.of("scoring " + name, e.getCause() == null ? e : e.getCause());
        }
        return score;
    }
}
