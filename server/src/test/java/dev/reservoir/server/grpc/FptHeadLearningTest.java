// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.RowHeads.classifier;
import static dev.reservoir.server.grpc.RowHeads.fast;
import static dev.reservoir.server.grpc.RowHeads.rows;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.FrozenCompanion;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.RecursiveLeastSquares;
import dev.reservoir.v1.Regression;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.Vector;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Heads that learn through the substrate, over a socket. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FptHeadLearningTest {
    private TestServer server;
    private TestClient client;

    @BeforeAll
    void start() {
        server = TestServer.start();
        client = new TestClient(server);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void aHeadLearnsFromAStreamAndServesWhatItLearned() {
        String id = client.newHead(classifier(fast(4).setUpdatesPerExample(2)));
        Random random = new Random(1);
        Training training = client.training();
        training.opened(open(id));
        for (int n = 1; n <= 400; n++) {
            boolean up = random.nextBoolean();
            training.send(example(n, decided(random, up), label(up)));
        }
        List<Progress> progress = training.finish();
        Progress last = progress.get(progress.size() - 1);
        assertThat(last.getAppliedThrough()).isEqualTo(400);
        assertThat(last.getMetrics().getExamples()).isEqualTo(400);
        assertThat(last.getMetrics().getUpdates()).isEqualTo(200);
        assertThat(last.getMetrics().getWindowed().getAccuracy()).isGreaterThan(0.9);
        int right = 0;
        for (int n = 0; n < 100; n++) {
            boolean up = random.nextBoolean();
            PredictRequest request = predict(decided(random, up), id).toBuilder()
                    .setMinAppliedSequence(400)
                    .build();
            String answer = client.inference
                    .predict(request)
                    .getPredictions(0)
                    .getLabel()
                    .getLabel();
            right += answer.equals(up ? "up" : "down") ? 1 : 0;
        }
        assertThat(right).isGreaterThan(90);
    }

    @Test
    void aCompanionIsServedWhileTheHeadIsYoung() {
        Head.Builder head = classifier(fast(16).setLearningRate(1e-6)
                .setCompanion(FrozenCompanion.newBuilder()
                        .setLeastSquares(RecursiveLeastSquares.newBuilder().setRidge(3))));
        String id = client.newHead(head);
        Head made = client.get(id);
        FrozenCompanion companion = made.getLearning().getFpt().getCompanion();
        assertThat(companion.getLeastSquares().getRidge()).isEqualTo(3);
        assertThat(companion.getEncoder().getInputSkip()).isEqualTo(Encoder.InputSkip.WITH_INPUT);
        Random random = new Random(4);
        Training training = client.training();
        training.opened(open(id));
        for (int n = 1; n <= 100; n++) {
            boolean up = random.nextBoolean();
            training.send(example(n, decided(random, up), label(up)));
        }
        List<Progress> progress = training.finish();
        assertThat(progress.get(progress.size() - 1).getMetrics().getWindowed().getAccuracy())
                .isGreaterThan(0.8);
        int right = 0;
        for (int n = 0; n < 100; n++) {
            boolean up = random.nextBoolean();
            var answer =
                    client.inference.predict(predict(decided(random, up), id)).getPredictions(0);
            right += answer.getLabel().getLabel().equals(up ? "up" : "down") ? 1 : 0;
        }
        // A rate of 1e-6 learns nothing: this is the frozen baseline.
        assertThat(right).isGreaterThan(85);
    }

    /** Half way the labels change places: a readout that forgets nothing is then lost, and the head is not. */
    @Test
    void anAnswerSaysWhetherTheCompanionGaveIt() {
        String id = client.newHead(
                classifier(fast(4).setUpdatesPerExample(2).setCompanion(FrozenCompanion.getDefaultInstance())));
        String alone = client.newHead(classifier(fast(4)));
        String readout = client.newHead(classifier(Fpt.newBuilder()).clearKind().clearLearning());
        Random random = new Random(9);
        var young = client.inference
                .predict(predict(decided(random, true), id, alone, readout))
                .getPredictionsList();
        assertThat(young.stream().map(HeadPrediction::getCompanionAnswered)).containsExactly(true, false, false);
        assertThat(client.get(id).getCompanionServes()).isTrue();
        Training training = client.training();
        training.opened(open(id));
        for (int n = 1; n <= 600; n++) {
            boolean up = random.nextBoolean();
            training.send(example(n, decided(random, up), label(n <= 300 ? up : !up)));
        }
        training.finish();
        HeadPrediction grown =
                client.inference.predict(predict(decided(random, true), id)).getPredictions(0);
        Head head = client.get(id);
        assertThat(head.getCompanionServes()).isFalse();
        assertThat(grown.getHeadVersion()).isEqualTo(head.getVersion());
        assertThat(grown.getCompanionAnswered()).isFalse();
        assertThat(grown.getLabel().getLabel()).isEqualTo("down");
        HeadPrediction refused =
                client.inference.predict(predict(rows(1, 0, 0), id, "nobody")).getPredictions(1);
        assertThat(refused.hasError()).isTrue();
        assertThat(refused.getCompanionAnswered()).isFalse();
    }

    @Test
    void manyHeadsOfBothKindsAnswerOneObservation() {
        String fpt = client.newHead(classifier(fast(1)));
        String other = client.newHead(classifier(fast(1)));
        String readout = client.newHead(classifier(Fpt.newBuilder()).clearKind().clearLearning());
        Training training = client.training();
        training.opened(open(fpt));
        training.send(example(1, rows(1, 0, 0), Messages.label("a")));
        training.send(example(2, rows(1, 0, 0), Messages.label("a")));
        training.finish();
        var outcomes = client.inference
                .predict(predict(rows(1, 0, 0), fpt, readout, other))
                .getPredictionsList();
        assertThat(outcomes).hasSize(3);
        assertThat(outcomes.get(0).getLabel().getLabel()).isEqualTo("a");
        assertThat(outcomes.get(0).getHeadVersion()).isPositive();
        assertThat(outcomes.get(1).getLabel().getLabel()).isEmpty();
        assertThat(outcomes.get(2).getHeadVersion()).isZero();
    }

    @Test
    void aHeadThatMeetsInfinityStopsAloneAndServesOn() {
        Head.Builder values =
                classifier(fast(2)).setTask(Task.newBuilder().setRegression(Regression.getDefaultInstance()));
        String bad = client.newHead(values);
        String good = client.newHead(values);
        Training first = client.training();
        Training second = client.training();
        first.opened(open(bad));
        second.opened(open(good));
        for (int n = 1; n <= 20; n++) {
            // The test's substrate gives hidden states that are not finite for these.
            float value = n < 11 ? 1 : 1e9f;
            first.send(example(n, rows(value, value, value), number(value)));
            second.send(example(n, rows(1, 0, 0), number(1)));
        }
        assertThat(first.replies().code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        second.finish();
        assertThat(client.get(bad).getState()).isEqualTo(Head.State.FAILED);
        assertThat(client.get(bad).getStateReason()).contains("the loss is not finite");
        assertThat(client.get(bad).getMetrics().getExamples()).isEqualTo(10);
        assertThat(client.get(good).getState()).isEqualTo(Head.State.ACTIVE);
        assertThat(client.get(good).getMetrics().getUpdates()).isEqualTo(10);
        float answer = client.inference
                .predict(predict(rows(1, 0, 0), bad))
                .getPredictions(0)
                .getValues()
                .getValues(0);
        assertThat(Float.isFinite(answer)).isTrue();
    }

    @Test
    void theEndOfAStreamLearnsTheUnfinishedMinibatch() throws InterruptedException {
        String id = client.newHead(classifier(fast(16)));
        Training training = client.training();
        training.opened(open(id));
        for (int n = 1; n <= 10; n++) {
            training.send(example(n, rows(1, 0, 0), Messages.label("a")));
        }
        List<Progress> progress = training.finish();
        Progress last = progress.get(progress.size() - 1);
        assertThat(last.getAppliedThrough()).isEqualTo(10);
        assertThat(last.getMetrics().getExamples()).isEqualTo(10);
        assertThat(last.getMetrics().getUpdates()).isEqualTo(1);
        assertThat(client.get(id).getLabelsList()).containsExactly("a");
    }

    @Test
    void aHeadMayBeDeletedInTheMiddleOfAStep() throws InterruptedException {
        String gone = client.newHead(classifier(fast(1)));
        String stays = client.newHead(classifier(fast(1)));
        Training first = client.training();
        Training second = client.training();
        first.opened(open(gone));
        second.opened(open(stays));
        CountDownLatch gate = server.blockPasses();
        Random random = new Random(2);
        for (int n = 1; n <= 20; n++) {
            first.send(example(n, decided(random, true), label(true)));
            second.send(example(n, decided(random, true), label(true)));
        }
        server.substrate.awaitPass();
        client.heads.deleteHead(
                DeleteHeadRequest.newBuilder().setName(name(gone)).build());
        gate.countDown();
        assertThat(first.replies().code()).isEqualTo(Status.Code.NOT_FOUND);
        List<Progress> progress = second.finish();
        assertThat(progress.get(progress.size() - 1).getAppliedThrough()).isEqualTo(20);
        assertThat(client.get(stays).getMetrics().getExamples()).isEqualTo(20);
    }

    @Test
    void aPassThatFailsRefusesNothingToOthersAndTheStreamGoesOn() {
        String id = client.newHead(classifier(fast(1)));
        Training training = client.training();
        training.opened(open(id));
        server.substrate.fail(1);
        Random random = new Random(3);
        List<TrainRequest> requests = new ArrayList<>();
        for (int n = 1; n <= 10; n++) {
            requests.add(example(n, decided(random, true), label(true)));
        }
        training.send(requests.toArray(TrainRequest[]::new));
        List<Progress> progress = training.finish();
        assertThat(progress.get(progress.size() - 1).getAppliedThrough()).isEqualTo(10);
        assertThat(client.get(id).getMetrics().getExamples()).isEqualTo(9);
        assertThat(client.get(id).getMetrics().getRefused()).isEqualTo(1);
    }

    /** Three rows whose first numbers decide the label. */
    private static Observation decided(Random random, boolean up) {
        float[] values = new float[9];
        for (int i = 0; i < 9; i++) {
            values[i] = (float) random.nextGaussian() + (i % 3 == 0 ? (up ? 1.5f : -1.5f) : 0);
        }
        return rows(values);
    }

    private static Target label(boolean up) {
        return Messages.label(up ? "up" : "down");
    }

    private static Target number(float value) {
        return Target.newBuilder()
                .setValues(Vector.newBuilder().addValues(value))
                .build();
    }
}
