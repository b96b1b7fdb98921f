package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Errors.refusedWith;
import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.tensor;
import static dev.reservoir.server.grpc.Messages.tensorHead;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import dev.reservoir.heads.Reason;
import dev.reservoir.v1.Audio;
import dev.reservoir.v1.AudioModality;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.HeadServiceGrpc.HeadServiceBlockingStub;
import dev.reservoir.v1.Image;
import dev.reservoir.v1.ImageModality;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc.InferenceServiceBlockingStub;
import dev.reservoir.v1.LabelScore;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.PredictStreamResponse;
import dev.reservoir.v1.SeriesModality;
import dev.reservoir.v1.SymbolSequence;
import dev.reservoir.v1.TokensModality;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InferenceServiceTest {
    private TestServer server;
    private ManagedChannel channel;
    private HeadServiceBlockingStub heads;
    private InferenceServiceBlockingStub inference;

    @BeforeAll
    void start() {
        server = TestServer.start();
        channel = server.channel();
        heads = HeadServiceGrpc.newBlockingStub(channel);
        inference = InferenceServiceGrpc.newBlockingStub(channel);
        heads.createHead(create("colours", textHead("red", "green", "blue")));
        heads.createHead(create("sizes", textHead("small", "large")));
        heads.createHead(create("numbers", tensorHead(2)));
        heads.createHead(create(
                "pictures",
                reading(Modality.newBuilder()
                        .setImage(ImageModality.newBuilder().setWidth(8).setHeight(8)))));
        heads.createHead(create("sounds", reading(Modality.newBuilder().setAudio(AudioModality.getDefaultInstance()))));
        heads.createHead(create(
                "windows",
                reading(Modality.newBuilder()
                        .setSeries(SeriesModality.newBuilder().setChannels(1).setWindow(4)))));
        heads.createHead(create(
                "symbols",
                reading(Modality.newBuilder()
                        .setTokens(TokensModality.newBuilder().setVocabulary(4).setMaxLength(8)))));
        train("colours", 30, "a red apple", "red", "the green leaf", "green", "one blue sky", "blue");
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void aDefectReachesTheClientAsInternal() {
        server.substrate.fail(1);

        Throwable failure =
                catchThrowable(() -> inference.predict(predict(text("whatever never was read before"), "sizes")));

        com.google.rpc.Status status = StatusProto.fromThrowable(failure);
        assertThat(status).isNotNull();
        assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL.value());
        assertThat(status.getDetailsList()).anyMatch(detail -> detail.is(ErrorInfo.class));
        assertThat(inference
                        .predict(predict(text("whatever never was read before"), "sizes"))
                        .getPredictions(0)
                        .hasError())
                .isFalse();
    }

    @Test
    void aPredictionWaitsNoLongerThanItsLimitForWhatIsNotApplied() {
        Limits usual = Limits.defaults();
        Limits impatient = new Limits(
                usual.messageBytes(),
                usual.connectionStreams(),
                usual.trainCredits(),
                usual.streamRequests(),
                usual.streamHeads(),
                usual.streamBytes(),
                usual.unaryBytes(),
                usual.creations(),
                20);
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

    private static Head reading(Modality.Builder modality) {
        return textHead("x", "y").toBuilder().setModality(modality).build();
    }

    private void train(String head, int rounds, String... textsAndLabels) {
        Replies<TrainRequest, TrainResponse> replies = Replies.reading();
        StreamObserver<TrainRequest> requests =
                TrainingServiceGrpc.newStub(channel).train(replies);
        requests.onNext(open(head));
        long sequence = replies.next().getOpened().getNextSequence();
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < textsAndLabels.length; i += 2) {
                requests.onNext(example(sequence++, textsAndLabels[i], textsAndLabels[i + 1]));
            }
        }
        requests.onCompleted();
        replies.rest();
    }

    @Test
    void trainedHeadAnswersWithItsLabelsBestFirst() {
        HeadPrediction one =
                inference.predict(predict(text("the green leaf"), "colours")).getPredictions(0);

        assertThat(one.getHead()).isEqualTo(name("colours"));
        assertThat(one.getLabel().getLabel()).isEqualTo("green");
        assertThat(one.getLabel().getScoresCount()).isEqualTo(3);
        assertThat(one.getLabel().getScores(0).getLabel()).isEqualTo("green");
        assertThat(one.getLabel().getScores(0).getScore()).isBetween(0.5f, 1.1f);
        assertThat(one.getLabel().getScoresList())
                .extracting(LabelScore::getScore)
                .isSortedAccordingTo(java.util.Comparator.reverseOrder());
        assertThat(one.getAppliedThrough()).isEqualTo(90);
        assertThat(one.getHeadVersion()).isPositive();
    }

    @Test
    void scoresAreAsManyAsAskedFor() {
        PredictRequest.Builder request = predict(text("the green leaf"), "colours").toBuilder();

        assertThat(scores(request.setMaxScores(2))).isEqualTo(2);
        assertThat(scores(request.setMaxScores(-1))).isZero();
        assertThat(scores(request.setMaxScores(100_000))).isEqualTo(3);
        refusedWith(
                Reason.INVALID_FIELD,
                () -> inference.predict(request.setMaxScores(-2).build()));
        refusedWith(
                Reason.INVALID_FIELD,
                () -> inference.predict(request.setMaxScores(100_001).build()));
    }

    private int scores(PredictRequest.Builder request) {
        return inference.predict(request.build()).getPredictions(0).getLabel().getScoresCount();
    }

    @Test
    void eachHeadHasItsAnswerOrItsError() {
        PredictResponse response =
                inference.predict(predict(text("one blue sky"), "colours", "nobody", "numbers", "sizes", "colours"));

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
    void callFailsWhereNoHeadCanAnswer() {
        refusedWith(Reason.HEAD_NOT_FOUND, () -> inference.predict(predict(text("a b"), "nobody")));
        refusedWith(Reason.HEAD_NOT_FOUND, () -> inference.predict(predict(text("a b"), "nobody", "noone")));
        refusedWith(Reason.WRONG_MODALITY, () -> inference.predict(predict(text("a b"), "numbers", "windows")));
    }

    @Test
    void namesAreChecked() {
        PredictRequest none = predict(text("a b"));
        refusedWith(Reason.INVALID_FIELD, () -> inference.predict(none));
        PredictRequest malformed = none.toBuilder().addHeads("colours").build();
        refusedWith(Reason.INVALID_FIELD, () -> inference.predict(malformed));
        PredictRequest tenants = predict(text("a b"), "colours").toBuilder()
                .addHeads("tenants/other/heads/colours")
                .build();
        refusedWith(Reason.INVALID_FIELD, () -> inference.predict(tenants));
        PredictRequest many = none.toBuilder()
                .addAllHeads(IntStream.rangeClosed(0, 10_000)
                        .mapToObj(i -> name("colours"))
                        .toList())
                .build();
        refusedWith(Reason.INVALID_FIELD, () -> inference.predict(many));
        PredictRequest id = predict(text("a b"), "colours").toBuilder()
                .setObservationId("i".repeat(129))
                .build();
        refusedWith(Reason.INVALID_FIELD, () -> inference.predict(id));
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
                Arguments.of("numbers", tensor(1, -1.1e9f), Reason.INVALID_OBSERVATION),
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
        refusedWith(reason, () -> inference.predict(predict(observation, head)));
    }

    private static Observation matrix(int columns, float... values) {
        Matrix.Builder matrix = tensor(values).getTensor().toBuilder().setColumns(columns);
        return Observation.newBuilder().setTensor(matrix).build();
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

    @Test
    void predictionReadsTheCallersOwnWrites() {
        heads.createHead(create("fresh", textHead()));
        CountDownLatch gate = server.hold();
        Replies<TrainRequest, TrainResponse> replies = Replies.reading();
        StreamObserver<TrainRequest> training =
                TrainingServiceGrpc.newStub(channel).train(replies);
        training.onNext(open("fresh"));
        training.onNext(example(1, "my own", "writes"));
        CompletableFuture<PredictResponse> answer =
                CompletableFuture.supplyAsync(() -> inference.predict(predict(text("my own"), "fresh").toBuilder()
                        .setMinAppliedSequence(1)
                        .build()));
        await().until(() -> server.head(name("fresh")).writer().admittedThrough() == 1);
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
        assertThat(org.assertj.core.api.Assertions.catchThrowableOfType(
                                StatusRuntimeException.class,
                                () -> inference
                                        .withDeadlineAfter(100, TimeUnit.MILLISECONDS)
                                        .predict(ahead))
                        .getStatus()
                        .getCode())
                .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        PredictRequest negative = ahead.toBuilder().setMinAppliedSequence(-1).build();
        refusedWith(Reason.INVALID_FIELD, () -> inference.predict(negative));

        heads.createHead(create("doomed", textHead()));
        PredictRequest doomed = predict(text("a b"), "doomed").toBuilder()
                .setMinAppliedSequence(5)
                .build();
        CompletableFuture<PredictResponse> answer = CompletableFuture.supplyAsync(() -> inference.predict(doomed));
        await().until(() -> server.services.activeCalls() > 0);
        heads.deleteHead(DeleteHeadRequest.newBuilder().setName(name("doomed")).build());
        assertThat(answer).failsWithin(Duration.ofSeconds(10));
        await().until(() -> server.services.activeCalls() == 0);
    }

    @Test
    void observationIsHeldOnlyWhereItWasAnswered() {
        PredictRequest refused = predict(tensor(1, 2), "colours").toBuilder()
                .setObservationId("not-held")
                .build();
        refusedWith(Reason.WRONG_MODALITY, () -> inference.predict(refused));
        Replies<TrainRequest, TrainResponse> replies = Replies.reading();
        StreamObserver<TrainRequest> training =
                TrainingServiceGrpc.newStub(channel).train(replies);
        heads.createHead(create("unheld", textHead()));
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

    @Test
    void streamAnswersEachRequestOnceByItsIdAndBadOnesWithTheirError() {
        Replies<PredictStreamRequest, PredictStreamResponse> replies = Replies.reading();
        StreamObserver<PredictStreamRequest> requests =
                InferenceServiceGrpc.newStub(channel).predictStream(replies);
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
    void streamTakesInNoMoreRequestsThanItsBoundsWhileNoneIsAnswered() {
        CountDownLatch gate = server.hold();
        Replies<PredictStreamRequest, PredictStreamResponse> replies = Replies.reading();
        StreamObserver<PredictStreamRequest> requests =
                InferenceServiceGrpc.newStub(channel).predictStream(replies);
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

    @Test
    void cancelledAndLateCallsAreDroppedBeforeTheyBegin() {
        CountDownLatch gate = server.hold();
        // Two lanes: two passes are held, what comes after waits.
        List<CompletableFuture<PredictResponse>> held = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            PredictRequest request = predict(text("holding lane " + i), "colours");
            held.add(CompletableFuture.supplyAsync(() -> inference.predict(request)));
            int passes = i + 1;
            await().until(() -> server.engine.status().queuedServing() == 0 && held.size() == passes);
        }
        int sequences = server.substrate.sequences();
        Replies<PredictRequest, PredictResponse> cancelled = Replies.reading();
        InferenceServiceGrpc.newStub(channel).predict(predict(text("cancelled call"), "colours"), cancelled);
        Replies<PredictRequest, PredictResponse> late = Replies.reading();
        InferenceServiceGrpc.newStub(channel)
                .withDeadlineAfter(150, TimeUnit.MILLISECONDS)
                .predict(predict(text("late call"), "colours"), late);
        await().until(() -> server.engine.status().queuedServing() >= 2);
        cancelled.call().cancel("no longer wanted", null);
        assertThat(late.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        await().until(() -> server.services.activeCalls() == 2);
        gate.countDown();

        held.forEach(CompletableFuture::join);
        assertThat(inference.predict(predict(text("after them"), "colours")).getPredictionsCount())
                .isEqualTo(1);
        assertThat(server.substrate.sequences()).isEqualTo(sequences + 1);
    }

    @Test
    void fullQueueIsRefusedWithTimeToWait() {
        try (TestServer small = TestServer.startWith(10, 4)) {
            ManagedChannel own = small.channel();
            HeadServiceGrpc.newBlockingStub(own).createHead(create("colours", textHead()));
            CountDownLatch gate = small.hold();
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
