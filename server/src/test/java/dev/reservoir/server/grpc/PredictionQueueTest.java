// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.PredictStreamResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What happens to predictions that wait. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PredictionQueueTest {
    private TestServer server;
    private TestClient client;

    @BeforeAll
    void start() {
        server = TestServer.start();
        client = new TestClient(server);
        client.heads.createHead(create("colours", textHead("red", "green", "blue")));
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void cancelledAndLateCallsAreDroppedBeforeTheyBegin() {
        CountDownLatch gate = server.blockPasses();
        // Two lanes: two passes are blocked, later requests wait.
        List<CompletableFuture<PredictResponse>> held = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            PredictRequest request = predict(text("holding lane " + i), "colours");
            held.add(CompletableFuture.supplyAsync(() -> client.inference.predict(request)));
            int passes = i + 1;
            await().until(() -> server.engine.status().queuedServing() == 0 && held.size() == passes);
        }
        int sequences = server.substrate.sequences();
        Replies<PredictRequest, PredictResponse> cancelled = Replies.reading();
        InferenceServiceGrpc.newStub(client.channel).predict(predict(text("cancelled call"), "colours"), cancelled);
        Replies<PredictRequest, PredictResponse> late = Replies.reading();
        InferenceServiceGrpc.newStub(client.channel)
                .withDeadlineAfter(150, TimeUnit.MILLISECONDS)
                .predict(predict(text("late call"), "colours"), late);
        await().until(() -> server.engine.status().queuedServing() >= 2);
        cancelled.call().cancel("no longer needed", null);
        assertThat(late.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        await().until(() -> server.services.activeCalls() == 2);
        gate.countDown();

        held.forEach(CompletableFuture::join);
        assertThat(client.inference
                        .predict(predict(text("after them"), "colours"))
                        .getPredictionsCount())
                .isEqualTo(1);
        assertThat(server.substrate.sequences()).isEqualTo(sequences + 1);
    }

    @Test
    void fullQueueIsRefusedWithTimeToWait() {
        try (TestServer small = TestServer.startWith(10, 4)) {
            ManagedChannel own = small.channel();
            HeadServiceGrpc.newBlockingStub(own).createHead(create("colours", textHead()));
            CountDownLatch gate = small.blockPasses();
            Replies<PredictStreamRequest, PredictStreamResponse> replies = Replies.reading();
            StreamObserver<PredictStreamRequest> requests =
                    InferenceServiceGrpc.newStub(own).predictStream(replies);
            for (int i = 0; i < 200; i++) {
                requests.onNext(PredictStreamRequest.newBuilder()
                        .setId(i)
                        .setRequest(predict(text("queued " + i), "colours"))
                        .build());
            }
            requests.onCompleted();
            Errors.info(Reason.OVERLOADED, replies.next().getError());
            gate.countDown();
            assertThat(replies.rest()).hasSize(199);
        }
    }
}
