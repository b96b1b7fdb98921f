// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.rpc.ErrorInfo;
import dev.reservoir.heads.Reason;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The ways in which a training stream ends, and what remains learned. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrainStreamEndTest {
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
    void gapEndsTheStreamAndNamesTheExpectedNumber() {
        String head = client.newHead(textHead());
        Training training = client.training();
        training.opened(open(head));
        training.send(example(1, "number one", "a"), example(3, "number three", "a"));

        ErrorInfo info = Errors.info(Reason.SEQUENCE_GAP, training.replies().failure());
        assertThat(info.getMetadataMap()).containsEntry("expected", "2");
        Training zero = client.training();
        zero.opened(open(head));
        zero.send(example(0, "number zero", "a"));
        Errors.info(Reason.SEQUENCE_GAP, zero.replies().failure());
    }

    @Test
    void messagesOutOfOrderEndTheStream() {
        String head = client.newHead(textHead());
        Training early = client.training();
        early.send(example(1, "number one", "a"));
        Errors.info(Reason.STREAM_ORDER, early.replies().failure());

        Training twice = client.training();
        twice.opened(open(head));
        twice.send(open(head));
        Errors.info(Reason.STREAM_ORDER, twice.replies().failure());

        Training empty = client.training();
        empty.send(TrainRequest.getDefaultInstance());
        Errors.info(Reason.STREAM_ORDER, empty.replies().failure());

        Training nothing = client.training();
        nothing.requests().onCompleted();
        Errors.info(Reason.STREAM_ORDER, nothing.replies().failure());
    }

    @Test
    void deletionEndsTheStream() {
        String idle = client.newHead(textHead());
        Training training = client.training();
        training.opened(open(idle));
        client.heads.deleteHead(
                DeleteHeadRequest.newBuilder().setName(name(idle)).build());
        Errors.info(Reason.HEAD_NOT_FOUND, training.replies().failure());

        String busy = client.newHead(textHead());
        CountDownLatch gate = server.blockPasses();
        Training working = client.training();
        working.opened(open(busy));
        working.send(example(1, "in the middle", "a"), example(2, "of it", "a"));
        await().until(() -> server.admitted(busy) == 2);
        client.heads.deleteHead(
                DeleteHeadRequest.newBuilder().setName(name(busy)).build());
        Errors.info(Reason.HEAD_NOT_FOUND, working.replies().failure());
        gate.countDown();

        Training unknown = client.training();
        unknown.send(open("nobody"));
        Errors.info(Reason.HEAD_NOT_FOUND, unknown.replies().failure());
    }

    @Test
    void failedHeadEndsItsStreamAndAcceptsNoOther() {
        String head = "fails-" + client.newHead(textHead());
        client.heads.createHead(create(head, textHead()));
        Training training = client.training();
        training.opened(open(head));
        training.send(example(1, "still sound", "a"), example(2, "the last", FailingLearner.POISON));
        StatusRuntimeException failure = training.replies().failure();
        Errors.info(Reason.HEAD_FAILED, failure);
        assertThat(failure.getMessage()).contains(FailingLearner.FAILURE);
        List<TrainResponse> replies = training.replies().taken();
        assertThat(replies.get(replies.size() - 1).getProgress().getAppliedThrough())
                .isEqualTo(2);
        assertThat(client.get(head).getState()).isEqualTo(Head.State.FAILED);
        assertThat(client.get(head).getStateReason()).isEqualTo(FailingLearner.FAILURE);
        Training again = client.training();
        again.send(open(head));
        Errors.info(Reason.HEAD_FAILED, again.replies().failure());
    }

    @Test
    void examplesOfACancelledStreamAreStillLearnedAndTheLeaseIsFree() {
        String head = client.newHead(textHead());
        CountDownLatch gate = server.blockPasses();
        Training training = client.training();
        training.opened(open(head));
        training.send(example(1, "one more", "a"), example(2, "and another", "b"));
        await().until(() -> server.admitted(head) == 2);
        training.replies().call().cancel("changed my mind", null);
        gate.countDown();
        await().until(() -> server.applied(head) == 2);

        Training next = client.training();
        assertThat(next.opened(open(head)).getNextSequence()).isEqualTo(3);
        next.finish();
    }

    @Test
    void connectionCutInAMessageLosesNoAcceptedExample() throws Exception {
        String head = client.newHead(textHead());
        try (CuttableProxy proxy = new CuttableProxy(server.port())) {
            Training training = Training.on(server.channelTo(proxy.port()), Replies.reading());
            training.opened(open(head));
            training.send(example(1, "whole one", "a"));
            training.readUntil(1);
            int before = server.services.activeCalls();
            proxy.cutAfter(20_000);
            training.send(example(2, "cut " + "z".repeat(60_000), "a"));
            assertThat(training.replies().code()).isEqualTo(Status.Code.UNAVAILABLE);
            await().until(() -> server.services.activeCalls() < before);
        }
        Training next = client.training();
        assertThat(next.opened(open(head)).getNextSequence()).isEqualTo(2);
        next.send(example(2, "whole too", "b"));
        next.finish();
        assertThat(server.applied(head)).isEqualTo(2);
    }
}
