// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.label;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.Refusal;
import dev.reservoir.v1.TrainRequest;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** How a training stream acknowledges the examples that it accepted. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrainAcknowledgementTest {
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
    void examplesAreAcknowledgedCumulativelyAndCreditsComeBackOnce() {
        String head = client.newHead(textHead());
        Training training = client.training();

        Opened opened = training.opened(open(head));
        assertThat(opened.getNextSequence()).isEqualTo(1);
        assertThat(opened.getWriterEpoch()).isEqualTo(1);
        assertThat(opened.getCredits()).isEqualTo(256);
        assertThat(opened.getDurable()).isFalse();
        for (int i = 1; i <= 700; i++) {
            training.send(example(i, "word" + i % 5 + " and", "label" + i % 5));
        }
        List<Progress> progress = training.finish();

        assertThat(progress.stream().mapToInt(Progress::getCredits).sum()).isEqualTo(700);
        assertThat(progress).extracting(Progress::getAppliedThrough).isSorted();
        assertThat(progress).extracting(Progress::getHeadVersion).isSorted();
        Progress last = progress.get(progress.size() - 1);
        assertThat(last.getAppliedThrough()).isEqualTo(700);
        assertThat(last.getDurableThrough()).isZero();
        assertThat(last.getMetrics().getExamples()).isEqualTo(700);
        assertThat(last.getMetrics().getWindowed().getAccuracy()).isGreaterThan(0.9);
        assertThat(client.get(head).getLabelsList()).containsExactly("label1", "label2", "label3", "label4", "label0");
    }

    @Test
    void repeatedExamplesAreAcknowledgedNotLearnedAndOtherPayloadsAreConflicts() {
        String head = client.newHead(textHead());
        Training first = client.training();
        first.opened(open(head));
        first.send(example(1, "number one", "a"), example(2, "number two", "b"));
        first.finish();

        Training second = client.training();
        assertThat(second.opened(open(head)).getNextSequence()).isEqualTo(3);
        second.send(
                example(1, "number one", "a"),
                example(2, "number two", "OTHER"),
                example(2, "number two", "b"),
                example(3, "number three", "a"));
        List<Progress> progress = second.finish();

        Progress last = progress.get(progress.size() - 1);
        assertThat(last.getAppliedThrough()).isEqualTo(3);
        assertThat(last.getMetrics().getExamples()).isEqualTo(3);
        assertThat(last.getMetrics().getRefused()).isZero();
        assertThat(progress.stream().mapToInt(Progress::getCredits).sum()).isEqualTo(4);
        List<Refusal> refusals =
                progress.stream().flatMap(one -> one.getRefusalsList().stream()).toList();
        assertThat(refusals).singleElement().extracting(Refusal::getSequence).isEqualTo(2L);
        Errors.info(Reason.SEQUENCE_CONFLICT, refusals.get(0).getStatus());
    }

    @Test
    void labelComesLaterByTheIdOfThePrediction() {
        String head = client.newHead(textHead());
        client.inference.predict(predict(text("seen before"), head).toBuilder()
                .setObservationId("late-1")
                .build());
        Training training = client.training();
        training.opened(open(head));
        training.send(TrainRequest.newBuilder()
                .setExample(Example.newBuilder()
                        .setSequence(1)
                        .setObservationId("late-1")
                        .setTarget(label("truth")))
                .build());
        List<Progress> progress = training.finish();

        assertThat(progress.get(progress.size() - 1).getMetrics().getExamples()).isEqualTo(1);
        assertThat(client.inference
                        .predict(predict(text("seen before"), head))
                        .getPredictions(0)
                        .getLabel()
                        .getLabel())
                .isEqualTo("truth");
    }
}
