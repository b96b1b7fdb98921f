// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Errors.refusedWith;
import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.get;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.textHead;
import static dev.reservoir.server.grpc.Messages.update;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Gradient;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Which parts of a head can be updated, and that updates accumulate. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HeadUpdateTest {
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
    void updateChangesRatesWindowAndLabels() {
        Head spec = textHead("a").toBuilder()
                .setLearning(Learning.newBuilder()
                        .setGradient(Gradient.newBuilder().setWeightDecay(0.5).setMinibatch(4)))
                .build();
        client.heads.createHead(create("changing", spec));
        Head requested = Head.newBuilder()
                .setName(name("changing"))
                .setLearning(Learning.newBuilder()
                        .setGradient(Gradient.newBuilder().setLearningRate(0.25))
                        .setMetricWindow(32))
                .setTask(Task.newBuilder()
                        .setClassification(
                                Classification.newBuilder().addLabels("a").addLabels("b")))
                .build();

        Head changed = client.heads.updateHead(update(
                requested, "learning.gradient.learning_rate", "learning.metric_window", "task.classification.labels"));

        assertThat(changed.getLearning().getGradient().getLearningRate()).isEqualTo(0.25);
        assertThat(changed.getLearning().getGradient().getWeightDecay()).isEqualTo(0.5);
        assertThat(changed.getLearning().getGradient().getMinibatch()).isEqualTo(4);
        assertThat(changed.getLearning().getMetricWindow()).isEqualTo(32);
        assertThat(changed.getLabelsList()).containsExactly("a", "b");
        assertThat(client.get("changing")).isEqualTo(changed);
    }

    @Test
    void updatesAtTheSameTimeDoNotUndoOneAnother() throws Exception {
        try (TestServer busy = TestServer.start()) {
            HeadServiceGrpc.HeadServiceFutureStub calls = HeadServiceGrpc.newFutureStub(busy.channel());
            calls.createHead(create("both", textHead("a"))).get(30, TimeUnit.SECONDS);
            CountDownLatch gate = busy.blockPasses();
            StreamObserver<TrainRequest> training =
                    TrainingServiceGrpc.newStub(busy.channel()).train(Replies.reading());
            training.onNext(open("both"));
            training.onNext(example(1, "held", "a"));
            busy.substrate.awaitPass();

            Head requested = textHead("b").toBuilder()
                    .setName(name("both"))
                    .setLearning(Learning.newBuilder().setMetricWindow(32))
                    .build();
            Future<Head> window = calls.updateHead(update(requested, "learning.metric_window"));
            Future<Head> labels = calls.updateHead(update(requested, "task.classification.labels"));
            await().untilAsserted(() ->
                    assertThat(busy.engine.status().queuedTraining()).isEqualTo(2));
            gate.countDown();
            window.get(30, TimeUnit.SECONDS);
            labels.get(30, TimeUnit.SECONDS);

            Head changed = calls.getHead(get("both")).get(30, TimeUnit.SECONDS);
            assertThat(changed.getLearning().getMetricWindow()).isEqualTo(32);
            assertThat(changed.getLabelsList()).containsExactly("a", "b");
        }
    }

    @Test
    void updateOfAnythingElseIsRefused() {
        client.heads.createHead(create("fixed", textHead("a")));
        Head requested = textHead("a", "b").toBuilder().setName(name("fixed")).build();

        for (String path : List.of("seed", "learning", "learning.gradient.minibatch", "task.multi_label.labels", "")) {
            refusedWith(Reason.INVALID_FIELD, () -> client.heads.updateHead(update(requested, path)));
        }
        refusedWith(Reason.INVALID_FIELD, () -> client.heads.updateHead(update(requested)));
        refusedWith(
                Reason.INVALID_FIELD,
                () -> client.heads.updateHead(update(requested, "learning.gradient.learning_rate")));
        refusedWith(
                Reason.HEAD_NOT_FOUND,
                () -> client.heads.updateHead(
                        update(requested.toBuilder().setName(name("nobody")).build(), "learning.metric_window")));
        Head window = requested.toBuilder()
                .setLearning(Learning.newBuilder().setMetricWindow(70_000))
                .build();
        refusedWith(Reason.INVALID_FIELD, () -> client.heads.updateHead(update(window, "learning.metric_window")));
    }

    @Test
    void oneLabelTooManyIsRefused() {
        Head.Builder spec = textHead("a").toBuilder();
        spec.getTaskBuilder().getClassificationBuilder().setMaxLabels(2);
        client.heads.createHead(create("full", spec.build()));
        Head requested = textHead("b", "c").toBuilder().setName(name("full")).build();

        assertThat(refusedWith(
                                Reason.LABEL_LIMIT,
                                () -> client.heads.updateHead(update(requested, "task.classification.labels")))
                        .getMetadataMap())
                .containsEntry("limit", "2");
    }
}
