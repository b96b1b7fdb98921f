// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Errors.refusedWith;
import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.GetHeadRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.PredictStreamResponse;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import dev.reservoir.v1.WatchHeadRequest;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class DrainTest {
    @Test
    void stoppingAnswersAcceptedRequestsAndEndsEveryStream() {
        try (TestServer server = TestServer.start()) {
            ManagedChannel channel = server.channel();
            HeadServiceGrpc.newBlockingStub(channel).createHead(create("h", textHead()));
            CountDownLatch gate = server.blockPasses();

            Replies<TrainRequest, TrainResponse> training = Replies.reading();
            StreamObserver<TrainRequest> examples =
                    TrainingServiceGrpc.newStub(channel).train(training);
            examples.onNext(open("h"));
            examples.onNext(example(1, "first one", "a"));
            examples.onNext(example(2, "second one", "b"));
            Replies<PredictStreamRequest, PredictStreamResponse> predictions = Replies.reading();
            StreamObserver<PredictStreamRequest> requests =
                    InferenceServiceGrpc.newStub(channel).predictStream(predictions);
            for (int i = 0; i < 3; i++) {
                requests.onNext(PredictStreamRequest.newBuilder()
                        .setId(i)
                        .setRequest(predict(text("under way " + i), "h"))
                        .build());
            }
            Replies<WatchHeadRequest, Head> watch = Replies.reading();
            HeadServiceGrpc.newStub(channel)
                    .watchHead(WatchHeadRequest.newBuilder().setName(name("h")).build(), watch);
            Replies<HealthCheckRequest, HealthCheckResponse> health = Replies.reading();
            HealthGrpc.newStub(channel).watch(HealthCheckRequest.getDefaultInstance(), health);
            assertThat(health.next().getStatus()).isEqualTo(ServingStatus.SERVING);
            await().until(() -> server.admitted("h") == 2 && server.services.activeCalls() == 4);

            Future<Void> drained = server.drain(Duration.ofSeconds(20));
            refusedWith(
                    Reason.STOPPING,
                    () -> HeadServiceGrpc.newBlockingStub(channel)
                            .getHead(GetHeadRequest.newBuilder()
                                    .setName(name("h"))
                                    .build()));
            Errors.info(Reason.STOPPING, watch.failure());
            assertThat(health.next().getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
            assertThat(drained.isComplete()).isFalse();
            gate.countDown();

            TestServer.await(drained);
            Errors.info(Reason.STOPPING, training.failure());
            List<TrainResponse> progress = training.taken();
            assertThat(progress.get(progress.size() - 1).getProgress().getAppliedThrough())
                    .isEqualTo(2);
            Errors.info(Reason.STOPPING, predictions.failure());
            assertThat(predictions.taken()).hasSize(3);
        }
    }

    @Test
    void predictionsThatWaitForASequenceNumberEndAtOnce() {
        try (TestServer server = TestServer.start()) {
            ManagedChannel channel = server.channel();
            HeadServiceGrpc.newBlockingStub(channel).createHead(create("h", textHead("a", "b")));
            PredictRequest ahead = predict(text("words"), "h").toBuilder()
                    .setMinAppliedSequence(1_000)
                    .build();
            Replies<PredictRequest, PredictResponse> unary = Replies.reading();
            InferenceServiceGrpc.newStub(channel).predict(ahead, unary);
            Replies<PredictStreamRequest, PredictStreamResponse> stream = Replies.reading();
            InferenceServiceGrpc.newStub(channel)
                    .predictStream(stream)
                    .onNext(PredictStreamRequest.newBuilder()
                            .setId(7)
                            .setRequest(ahead)
                            .build());
            await().until(() -> server.services.activeCalls() == 2);

            // Within the time of a test, far from the time of the drain.
            TestServer.await(server.drain(Duration.ofHours(1)));
            Errors.info(Reason.STOPPING, unary.failure());
            Errors.info(Reason.STOPPING, stream.failure());
            assertThat(stream.taken()).allSatisfy(reply -> {
                assertThat(reply.getId()).isEqualTo(7);
                Errors.info(Reason.STOPPING, reply.getError());
            });
        }
    }

    @Test
    void whatDoesNotEndInTimeIsEndedHard() {
        try (TestServer server = TestServer.start()) {
            ManagedChannel channel = server.channel();
            HeadServiceGrpc.newBlockingStub(channel).createHead(create("h", textHead()));
            CountDownLatch gate = server.blockPasses();
            Replies<TrainRequest, TrainResponse> training = Replies.reading();
            StreamObserver<TrainRequest> examples =
                    TrainingServiceGrpc.newStub(channel).train(training);
            examples.onNext(open("h"));
            examples.onNext(example(1, "never learned", "a"));
            await().until(() -> server.admitted("h") == 1);

            TestServer.await(server.drain(Duration.ofMillis(50)));
            Errors.info(Reason.STOPPING, training.failure());
            gate.countDown();
        }
    }
}
