// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Errors.refusedWith;
import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.matrix;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.tensor;
import static dev.reservoir.server.grpc.Messages.tensorHead;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;

import com.google.protobuf.ByteString;
import dev.reservoir.heads.Reason;
import dev.reservoir.v1.Audio;
import dev.reservoir.v1.AudioModality;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Image;
import dev.reservoir.v1.ImageModality;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.SeriesModality;
import dev.reservoir.v1.SymbolSequence;
import dev.reservoir.v1.TokensModality;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Predictions that no head can answer are refused with their reason, and leave nothing behind. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusedPredictionTest {
    private TestServer server;
    private TestClient client;

    @BeforeAll
    void start() {
        server = TestServer.start();
        client = new TestClient(server);
        client.heads.createHead(create("colours", textHead("red", "green", "blue")));
        client.heads.createHead(create("numbers", tensorHead(2)));
        client.heads.createHead(create(
                "pictures",
                reading(Modality.newBuilder()
                        .setImage(ImageModality.newBuilder().setWidth(8).setHeight(8)))));
        client.heads.createHead(
                create("sounds", reading(Modality.newBuilder().setAudio(AudioModality.getDefaultInstance()))));
        client.heads.createHead(create(
                "windows",
                reading(Modality.newBuilder()
                        .setSeries(SeriesModality.newBuilder().setChannels(1).setWindow(4)))));
        client.heads.createHead(create(
                "symbols",
                reading(Modality.newBuilder()
                        .setTokens(TokensModality.newBuilder().setVocabulary(4).setMaxLength(8)))));
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void callFailsIfNoHeadCanAnswer() {
        refusedWith(Reason.HEAD_NOT_FOUND, () -> client.inference.predict(predict(text("a b"), "nobody")));
        refusedWith(Reason.HEAD_NOT_FOUND, () -> client.inference.predict(predict(text("a b"), "nobody", "noone")));
        refusedWith(Reason.WRONG_MODALITY, () -> client.inference.predict(predict(text("a b"), "numbers", "windows")));
    }

    @Test
    void namesAreChecked() {
        PredictRequest none = predict(text("a b"));
        refusedWith(Reason.INVALID_FIELD, () -> client.inference.predict(none));
        PredictRequest malformed = none.toBuilder().addHeads("colours").build();
        refusedWith(Reason.INVALID_FIELD, () -> client.inference.predict(malformed));
        PredictRequest tenants = predict(text("a b"), "colours").toBuilder()
                .addHeads("tenants/other/heads/colours")
                .build();
        refusedWith(Reason.INVALID_FIELD, () -> client.inference.predict(tenants));
        PredictRequest many = none.toBuilder()
                .addAllHeads(IntStream.rangeClosed(0, 10_000)
                        .mapToObj(i -> name("colours"))
                        .toList())
                .build();
        refusedWith(Reason.INVALID_FIELD, () -> client.inference.predict(many));
        PredictRequest id = predict(text("a b"), "colours").toBuilder()
                .setObservationId("i".repeat(129))
                .build();
        refusedWith(Reason.INVALID_FIELD, () -> client.inference.predict(id));
    }

    static Stream<Arguments> badObservations() {
        return Stream.of(
                Arguments.of("colours", Observation.getDefaultInstance(), Reason.INVALID_FIELD),
                Arguments.of("colours", text(""), Reason.INVALID_OBSERVATION),
                Arguments.of("colours", text(" \t\n"), Reason.INVALID_OBSERVATION),
                Arguments.of("colours", text("é".repeat(40_000)), Reason.TOO_LARGE),
                Arguments.of("colours", tensor(1, 2), Reason.WRONG_MODALITY),
                Arguments.of("numbers", text("words here"), Reason.WRONG_MODALITY),
                Arguments.of("numbers", tensor(1, 2, 3), Reason.INVALID_OBSERVATION),
                Arguments.of("numbers", tensor(), Reason.INVALID_OBSERVATION),
                Arguments.of("numbers", tensor(1, Float.NaN), Reason.INVALID_OBSERVATION),
                Arguments.of("numbers", tensor(1, Float.POSITIVE_INFINITY), Reason.INVALID_OBSERVATION),
                Arguments.of("numbers", tensor(1, -1.1e13f), Reason.INVALID_OBSERVATION),
                Arguments.of("numbers", matrix(0, 1, 2), Reason.INVALID_OBSERVATION),
                Arguments.of("numbers", matrix(-1, 1, 2), Reason.INVALID_OBSERVATION),
                Arguments.of("numbers", matrix(2, 1, 2, 3), Reason.INVALID_OBSERVATION),
                Arguments.of("numbers", matrix(2, 1, 2, 3, 4), Reason.TOO_LARGE),
                Arguments.of("windows", series(1, 1, 2, 3), Reason.INVALID_OBSERVATION),
                Arguments.of("windows", series(2, 1, 2, 3, 4), Reason.INVALID_OBSERVATION),
                Arguments.of("symbols", symbols(), Reason.INVALID_OBSERVATION),
                Arguments.of("symbols", symbols(0, 4), Reason.INVALID_OBSERVATION),
                Arguments.of("symbols", symbols(-1), Reason.INVALID_OBSERVATION),
                Arguments.of("symbols", symbols(0, 1, 2, 3, 0, 1, 2, 3, 0), Reason.TOO_LARGE),
                Arguments.of("pictures", picture(new byte[0], false), Reason.INVALID_OBSERVATION),
                Arguments.of("pictures", picture(new byte[63], true), Reason.INVALID_OBSERVATION),
                Arguments.of("pictures", picture(new byte[] {1, 2, 3}, false), Reason.INVALID_OBSERVATION),
                Arguments.of("pictures", picture(new byte[(4 << 20) + 1], false), Reason.TOO_LARGE),
                Arguments.of(
                        "pictures",
                        Observation.newBuilder()
                                .setImage(Image.getDefaultInstance())
                                .build(),
                        Reason.INVALID_FIELD),
                Arguments.of("sounds", sound(new byte[] {'R', 'I', 'F', 'F'}, true), Reason.INVALID_OBSERVATION),
                Arguments.of("sounds", sound(new byte[3], false), Reason.INVALID_OBSERVATION),
                Arguments.of("sounds", sound(new byte[0], false), Reason.INVALID_OBSERVATION),
                Arguments.of("sounds", sound(new byte[(4 << 20) + 2], false), Reason.TOO_LARGE),
                Arguments.of(
                        "sounds",
                        Observation.newBuilder()
                                .setAudio(Audio.getDefaultInstance())
                                .build(),
                        Reason.INVALID_FIELD));
    }

    @ParameterizedTest
    @MethodSource("badObservations")
    void badObservationIsRefusedWithItsReason(String head, Observation observation, Reason reason) {
        refusedWith(reason, () -> client.inference.predict(predict(observation, head)));
    }

    @Test
    void observationOfARefusedPredictionIsNotStored() {
        PredictRequest refused = predict(tensor(1, 2), "colours").toBuilder()
                .setObservationId("not-held")
                .build();
        refusedWith(Reason.WRONG_MODALITY, () -> client.inference.predict(refused));
        Replies<TrainRequest, TrainResponse> replies = Replies.reading();
        StreamObserver<TrainRequest> training =
                TrainingServiceGrpc.newStub(client.channel).train(replies);
        client.heads.createHead(create("unheld", textHead()));
        training.onNext(open("unheld"));
        TrainRequest.Builder later = example(1, "", "x").toBuilder();
        later.getExampleBuilder().setObservationId("not-held");
        training.onNext(later.build());
        training.onCompleted();
        List<TrainResponse> all = replies.rest();
        Errors.info(
                Reason.UNKNOWN_OBSERVATION,
                all.stream()
                        .flatMap(reply -> reply.getProgress().getRefusalsList().stream())
                        .findFirst()
                        .orElseThrow()
                        .getStatus());
    }

    private static Head reading(Modality.Builder modality) {
        return textHead("x", "y").toBuilder().setModality(modality).build();
    }

    private static Observation series(int columns, float... values) {
        return Observation.newBuilder()
                .setSeries(matrix(columns, values).getTensor())
                .build();
    }

    private static Observation symbols(int... symbols) {
        SymbolSequence.Builder sequence = SymbolSequence.newBuilder();
        for (int symbol : symbols) {
            sequence.addSymbols(symbol);
        }
        return Observation.newBuilder().setTokens(sequence).build();
    }

    private static Observation picture(byte[] bytes, boolean raw) {
        Image.Builder image = Image.newBuilder();
        ByteString data = ByteString.copyFrom(bytes);
        return Observation.newBuilder()
                .setImage(raw ? image.setRaw(data) : image.setEncoded(data))
                .build();
    }

    private static Observation sound(byte[] bytes, boolean wave) {
        Audio.Builder audio = Audio.newBuilder();
        ByteString data = ByteString.copyFrom(bytes);
        return Observation.newBuilder()
                .setAudio(wave ? audio.setWav(data) : audio.setPcm16(data))
                .build();
    }
}
