// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import dev.reservoir.v1.WatchHeadRequest;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A watcher is sent the newest state of a head until the head is gone. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HeadWatchTest {
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
    void watchSendsNowAndThenChangesJoinedAndEndsWithTheHead() {
        client.heads.createHead(create("watched", textHead()));
        Replies<WatchHeadRequest, Head> seen = Replies.reading();
        HeadServiceGrpc.newStub(server.channel()).watchHead(watch("watched", 50), seen);
        assertThat(seen.next().getVersion()).isZero();

        Replies<TrainRequest, TrainResponse> progress = Replies.reading();
        StreamObserver<TrainRequest> training =
                TrainingServiceGrpc.newStub(server.channel()).train(progress);
        training.onNext(open("watched"));
        for (int i = 1; i <= 500; i++) {
            training.onNext(example(i, "text " + i, "label"));
        }
        training.onCompleted();
        progress.rest();

        long applied = 0;
        int messages = 0;
        while (applied < 500) {
            Head head = seen.next();
            assertThat(head.getAppliedThrough()).isGreaterThan(applied);
            applied = head.getAppliedThrough();
            assertThat(head.getMetrics().getExamples()).isEqualTo(applied);
            messages++;
        }
        assertThat((long) messages)
                .isLessThanOrEqualTo(server.head(name("watched")).published().version());
        client.heads.deleteHead(
                DeleteHeadRequest.newBuilder().setName(name("watched")).build());
        Errors.info(Reason.HEAD_NOT_FOUND, seen.failure());
    }

    @Test
    void watcherThatDoesNotReadGetsTheNewestStateOnly() {
        String[] labels = new String[64];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = "label-" + i + "-" + "x".repeat(110);
        }
        client.heads.createHead(create("unread", textHead(labels)));
        Replies<WatchHeadRequest, Head> seen = Replies.notReading();
        HeadServiceGrpc.newStub(server.channel()).watchHead(watch("unread", 50), seen);
        client.heads.deleteHead(
                DeleteHeadRequest.newBuilder().setName(name("unread")).build());
        seen.request(1_000);

        assertThat(seen.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(seen.taken()).hasSizeLessThanOrEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 49, 60_001})
    void watchIntervalsAreChecked(int interval) {
        client.heads.createHead(create("interval" + Math.abs(interval), textHead()));
        Replies<WatchHeadRequest, Head> seen = Replies.reading();
        HeadServiceGrpc.newStub(server.channel()).watchHead(watch("interval" + Math.abs(interval), interval), seen);

        assertThat(Errors.info(Reason.INVALID_FIELD, seen.failure()).getMetadataMap())
                .containsEntry("field", "interval_millis");
    }

    private static WatchHeadRequest watch(String head, int interval) {
        return WatchHeadRequest.newBuilder()
                .setName(name(head))
                .setIntervalMillis(interval)
                .build();
    }
}
