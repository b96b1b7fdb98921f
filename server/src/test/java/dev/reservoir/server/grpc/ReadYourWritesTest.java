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
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc.InferenceServiceBlockingStub;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A prediction that asks for examples waits until they are applied, and no longer than it may. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReadYourWritesTest {
    private TestServer server;
    private TestClient client;

    @BeforeAll
    void start() {
        server = TestServer.start();
        client = new TestClient(server);
        client.heads.createHead(create("sizes", textHead("small", "large")));
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void predictionReadsTheCallersOwnWrites() {
        client.heads.createHead(create("fresh", textHead()));
        CountDownLatch gate = server.blockPasses();
        Replies<TrainRequest, TrainResponse> replies = Replies.reading();
        StreamObserver<TrainRequest> training =
                TrainingServiceGrpc.newStub(client.channel).train(replies);
        training.onNext(open("fresh"));
        training.onNext(example(1, "my own", "writes"));
        CompletableFuture<PredictResponse> answer = CompletableFuture.supplyAsync(
                () -> client.inference.predict(predict(text("my own"), "fresh").toBuilder()
                        .setMinAppliedSequence(1)
                        .build()));
        await().until(() -> server.admitted("fresh") == 1);
        assertThat(answer).isNotDone();
        gate.countDown();

        HeadPrediction prediction = answer.join().getPredictions(0);
        assertThat(prediction.getLabel().getLabel()).isEqualTo("writes");
        assertThat(prediction.getAppliedThrough()).isEqualTo(1);
        training.onCompleted();
        replies.rest();
    }

    @Test
    void waitForWritesEndsWithTheDeadlineAndWithTheHead() {
        PredictRequest ahead = predict(text("a b"), "sizes").toBuilder()
                .setMinAppliedSequence(1_000)
                .build();
        assertThat(catchThrowableOfType(
                                StatusRuntimeException.class,
                                () -> client.inference
                                        .withDeadlineAfter(100, TimeUnit.MILLISECONDS)
                                        .predict(ahead))
                        .getStatus()
                        .getCode())
                .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        PredictRequest negative = ahead.toBuilder().setMinAppliedSequence(-1).build();
        refusedWith(Reason.INVALID_FIELD, () -> client.inference.predict(negative));

        client.heads.createHead(create("doomed", textHead()));
        PredictRequest doomed = predict(text("a b"), "doomed").toBuilder()
                .setMinAppliedSequence(5)
                .build();
        CompletableFuture<PredictResponse> answer =
                CompletableFuture.supplyAsync(() -> client.inference.predict(doomed));
        await().until(() -> server.services.activeCalls() > 0);
        client.heads.deleteHead(
                DeleteHeadRequest.newBuilder().setName(name("doomed")).build());
        assertThat(answer).failsWithin(Duration.ofSeconds(10));
        await().until(() -> server.services.activeCalls() == 0);
    }

    @Test
    void aPredictionWaitsNoLongerThanItsLimitForWhatIsNotApplied() {
        ServiceLimits usual = ServiceLimits.defaults();
        ServiceLimits impatient =
                new ServiceLimits(usual.transport(), usual.trainCredits(), usual.streamHeads(), usual.creations(), 20);
        try (TestServer other = TestServer.start(impatient)) {
            HeadServiceGrpc.newBlockingStub(other.channel()).createHead(create("late", textHead("a", "b")));
            InferenceServiceBlockingStub calls =
                    InferenceServiceGrpc.newBlockingStub(other.channel()).withDeadlineAfter(20, TimeUnit.SECONDS);
            PredictRequest ahead = predict(text("a text"), "late").toBuilder()
                    .setMinAppliedSequence(1)
                    .build();

            assertThat(refusedWith(Reason.NOT_YET_APPLIED, () -> calls.predict(ahead))
                            .getMetadataMap())
                    .containsEntry("applied_through", "0");
        }
    }
}
