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
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc.InferenceServiceBlockingStub;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.PredictStreamResponse;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A stream of predictions answers every request once and accepts no more than its bounds. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PredictStreamTest {
    private TestServer server;
    private TestClient client;

    @BeforeAll
    void start() {
        server = TestServer.start();
        client = new TestClient(server);
        client.learnColours();
        client.heads.createHead(create("sizes", textHead("small", "large")));
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void streamAnswersEachRequestOnceByItsIdAndBadOnesWithTheirError() {
        Replies<PredictStreamRequest, PredictStreamResponse> replies = Replies.reading();
        StreamObserver<PredictStreamRequest> requests =
                InferenceServiceGrpc.newStub(client.channel).predictStream(replies);
        int count = 2_000;
        for (int i = 0; i < count; i++) {
            PredictRequest request = switch (i % 4) {
                case 0 -> predict(text("a red apple"), "colours");
                case 1 -> predict(text(" "), "colours");
                case 2 -> predict(text("a red apple"), "nobody");
                default -> predict(text("the green leaf"), "colours", "nobody", "sizes");
            };
            requests.onNext(PredictStreamRequest.newBuilder()
                    .setId(1_000_000L + i)
                    .setRequest(request)
                    .build());
        }
        requests.onCompleted();

        Set<Long> ids = new HashSet<>();
        for (PredictStreamResponse reply : replies.rest()) {
            assertThat(ids.add(reply.getId())).isTrue();
            switch ((int) (reply.getId() % 4)) {
                case 0 ->
                    assertThat(reply.getResponse().getPredictions(0).getLabel().getLabel())
                            .isEqualTo("red");
                case 1 -> Errors.info(Reason.INVALID_OBSERVATION, reply.getError());
                case 2 -> Errors.info(Reason.HEAD_NOT_FOUND, reply.getError());
                default -> assertThat(reply.getResponse().getPredictionsCount()).isEqualTo(3);
            }
        }
        assertThat(ids).hasSize(count);
    }

    @Test
    void streamAcceptsNoMoreRequestsThanItsBoundsWhileNoneIsAnswered() {
        CountDownLatch gate = server.blockPasses();
        Replies<PredictStreamRequest, PredictStreamResponse> replies = Replies.reading();
        StreamObserver<PredictStreamRequest> requests =
                InferenceServiceGrpc.newStub(client.channel).predictStream(replies);
        int count = 1_000;
        for (int i = 0; i < count; i++) {
            requests.onNext(PredictStreamRequest.newBuilder()
                    .setId(i)
                    .setRequest(predict(text("not cached " + i), "colours"))
                    .build());
        }
        requests.onCompleted();
        int before = server.engine.status().queuedServing();
        await().during(Duration.ofMillis(200))
                .until(() -> server.engine.status().queuedServing() <= 256);
        assertThat(before).isLessThanOrEqualTo(256);
        gate.countDown();
        assertThat(replies.rest()).hasSize(count);
    }

    @Test
    void streamThatIsNotReadIsNotReadFromAndStallsNobody() {
        Replies<PredictStreamRequest, PredictStreamResponse> replies = Replies.notReading();
        StreamObserver<PredictStreamRequest> requests =
                InferenceServiceGrpc.newStub(server.channel()).predictStream(replies);
        int count = 3_000;
        int passes = server.substrate.sequences();
        for (int i = 0; i < count; i++) {
            requests.onNext(PredictStreamRequest.newBuilder()
                    .setId(i)
                    .setRequest(predict(
                            text("unread " + i),
                            IntStream.range(0, 20).mapToObj(h -> "colours").toArray(String[]::new)))
                    .build());
        }
        requests.onCompleted();
        int[] last = new int[1];
        await().atMost(Duration.ofSeconds(20)).during(Duration.ofMillis(300)).until(() -> {
            int now = server.substrate.sequences() - passes;
            boolean still = now == last[0] && now > 0;
            last[0] = now;
            return still;
        });
        assertThat(last[0]).isLessThan(count);

        InferenceServiceBlockingStub other = InferenceServiceGrpc.newBlockingStub(server.channel());
        for (int i = 0; i < 50; i++) {
            assertThat(other.predict(predict(text("a red apple"), "colours"))
                            .getPredictions(0)
                            .getLabel()
                            .getLabel())
                    .isEqualTo("red");
        }
        replies.request(Integer.MAX_VALUE);
        assertThat(replies.rest()).hasSize(count);
    }
}
