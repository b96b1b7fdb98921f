// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Errors.refusedWith;
import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.tensorHead;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.rpc.ErrorInfo;
import dev.reservoir.heads.Reason;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.LabelScore;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The answer of a prediction, head by head. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PredictionTest {
    private TestServer server;
    private TestClient client;

    @BeforeAll
    void start() {
        server = TestServer.start();
        client = new TestClient(server);
        client.learnColours();
        client.heads.createHead(create("sizes", textHead("small", "large")));
        client.heads.createHead(create("numbers", tensorHead(2)));
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void trainedHeadAnswersWithItsLabelsBestFirst() {
        HeadPrediction one = client.inference
                .predict(predict(text("the green leaf"), "colours"))
                .getPredictions(0);

        assertThat(one.getHead()).isEqualTo(name("colours"));
        assertThat(one.getLabel().getLabel()).isEqualTo("green");
        assertThat(one.getLabel().getScoresCount()).isEqualTo(3);
        assertThat(one.getLabel().getScores(0).getLabel()).isEqualTo("green");
        assertThat(one.getLabel().getScores(0).getScore()).isBetween(0.5f, 1.1f);
        assertThat(one.getLabel().getScoresList())
                .extracting(LabelScore::getScore)
                .isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(one.getAppliedThrough()).isEqualTo(90);
        assertThat(one.getHeadVersion()).isPositive();
    }

    @Test
    void thereAreAsManyScoresAsRequested() {
        PredictRequest.Builder request = predict(text("the green leaf"), "colours").toBuilder();

        assertThat(scores(request.setMaxScores(2))).isEqualTo(2);
        assertThat(scores(request.setMaxScores(-1))).isZero();
        assertThat(scores(request.setMaxScores(100_000))).isEqualTo(3);
        refusedWith(
                Reason.INVALID_FIELD,
                () -> client.inference.predict(request.setMaxScores(-2).build()));
        refusedWith(
                Reason.INVALID_FIELD,
                () -> client.inference.predict(request.setMaxScores(100_001).build()));
    }

    private int scores(PredictRequest.Builder request) {
        return client.inference
                .predict(request.build())
                .getPredictions(0)
                .getLabel()
                .getScoresCount();
    }

    @Test
    void eachHeadHasItsAnswerOrItsError() {
        PredictResponse response = client.inference.predict(
                predict(text("one blue sky"), "colours", "nobody", "numbers", "sizes", "colours"));

        assertThat(response.getPredictionsList())
                .extracting(HeadPrediction::getHead)
                .containsExactly(name("colours"), name("nobody"), name("numbers"), name("sizes"), name("colours"));
        assertThat(response.getPredictions(0).getLabel().getLabel()).isEqualTo("blue");
        Errors.info(Reason.HEAD_NOT_FOUND, response.getPredictions(1).getError());
        Errors.info(Reason.WRONG_MODALITY, response.getPredictions(2).getError());
        assertThat(response.getPredictions(3).hasLabel()).isTrue();
        assertThat(response.getPredictions(4)).isEqualTo(response.getPredictions(0));
    }

    @Test
    void hundredsOfHeadsAreAnsweredAsFewAreEachInItsPlace() {
        String[] few = {"colours", "nobody", "sizes", "numbers", "colours"};
        String[] many =
                IntStream.range(0, 700).mapToObj(i -> few[i % few.length]).toArray(String[]::new);

        List<HeadPrediction> each =
                client.inference.predict(predict(text("one blue sky"), few)).getPredictionsList();
        List<HeadPrediction> all =
                client.inference.predict(predict(text("one blue sky"), many)).getPredictionsList();

        assertThat(each.get(0).getLabel().getLabel()).isEqualTo("blue");
        assertThat(all).hasSameSizeAs(many);
        for (int i = 0; i < many.length; i++) {
            assertThat(all.get(i)).isEqualTo(each.get(i % few.length));
        }
    }

    @Test
    void aDefectReachesTheClientAsInternal() {
        server.substrate.fail(1);

        Throwable failure = catchThrowable(
                () -> client.inference.predict(predict(text("whatever never was read before"), "sizes")));

        com.google.rpc.Status status = StatusProto.fromThrowable(failure);
        assertThat(status).isNotNull();
        assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL.value());
        assertThat(status.getDetailsList()).anyMatch(detail -> detail.is(ErrorInfo.class));
        assertThat(client.inference
                        .predict(predict(text("whatever never was read before"), "sizes"))
                        .getPredictions(0)
                        .hasError())
                .isFalse();
    }
}
