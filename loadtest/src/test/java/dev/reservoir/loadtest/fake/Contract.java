// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.ErrorInfo;
import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.GetSubstrateRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.OpenTraining;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.PredictStreamResponse;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.Substrate;
import dev.reservoir.v1.SubstrateServiceGrpc;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What the clients of this module rely on, asserted of both the fake that tests run against and the real server, so
 * that the two cannot diverge unnoticed.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class Contract {
    private static final String PARENT = "tenants/contract";
    private static final Head SPEC = StandIns.fruit().spec();
    private static final List<Example> EXAMPLES = StandIns.fruit().train().subList(0, 12);

    private ManagedChannel channel;

    /** Starts the server. */
    abstract String target() throws IOException;

    @BeforeAll
    void connect() throws IOException {
        channel = NettyChannelBuilder.forTarget(target()).usePlaintext().build();
    }

    @AfterAll
    void disconnect() {
        if (channel != null) {
            channel.shutdownNow();
        }
    }

    /** The replies of a stream in order; the last one is its end. */
    private static final class Replies<T> implements StreamObserver<T> {
        private final BlockingQueue<Object> all = new LinkedBlockingQueue<>();

        @Override
        public void onNext(T reply) {
            all.add(reply);
        }

        @Override
        public void onError(Throwable failure) {
            all.add(failure);
        }

        @Override
        public void onCompleted() {
            all.add(Status.OK);
        }

        <R> R next(Class<R> type) throws InterruptedException {
            Object reply = all.poll(60, TimeUnit.SECONDS);
            assertThat(reply).isInstanceOf(type);
            return type.cast(reply);
        }
    }

    private String created(String id) {
        Head head = create(id);
        assertThat(head.getName()).isEqualTo(PARENT + "/heads/" + id);
        return head.getName();
    }

    private Head create(String id) {
        return HeadServiceGrpc.newBlockingStub(channel)
                .createHead(CreateHeadRequest.newBuilder()
                        .setParent(PARENT)
                        .setHeadId(id)
                        .setHead(SPEC)
                        .build());
    }

    private StreamObserver<TrainRequest> open(String head, long epoch, Replies<TrainResponse> replies) {
        StreamObserver<TrainRequest> requests =
                TrainingServiceGrpc.newStub(channel).train(replies);
        requests.onNext(TrainRequest.newBuilder()
                .setOpen(OpenTraining.newBuilder().setHead(head).setWriterEpoch(epoch))
                .build());
        return requests;
    }

    private static void send(StreamObserver<TrainRequest> requests, long from, long to) {
        for (long sequence = from; sequence <= to; sequence++) {
            requests.onNext(TrainRequest.newBuilder()
                    .setExample(EXAMPLES.get((int) sequence - 1).toBuilder().setSequence(sequence))
                    .build());
        }
    }

    private static Progress through(Replies<TrainResponse> replies, long sequence) throws InterruptedException {
        Progress progress;
        long credits = 0;
        do {
            progress = replies.next(TrainResponse.class).getProgress();
            credits += progress.getCredits();
        } while (progress.getAppliedThrough() < sequence);
        assertThat(progress.getAppliedThrough()).isEqualTo(sequence);
        assertThat(credits).as("credits are returned as examples are handled").isEqualTo(sequence);
        return progress;
    }

    /** Accepts a final progress report before the end. */
    private static void assertCompletes(Replies<TrainResponse> replies) throws InterruptedException {
        Object reply = replies.next(Object.class);
        if (reply instanceof TrainResponse last) {
            assertThat(last.getProgress().getRefusalsCount()).isZero();
            reply = replies.next(Status.class);
        }
        assertThat(reply).isEqualTo(Status.OK);
    }

    private static void assertFailed(StatusRuntimeException failure, Status.Code code, String reason)
            throws IOException {
        assertThat(failure.getStatus().getCode()).isEqualTo(code);
        assertReason(StatusProto.fromThrowable(failure), reason);
    }

    private static void assertReason(com.google.rpc.Status status, String reason) throws IOException {
        ErrorInfo info = status.getDetails(0).unpack(ErrorInfo.class);
        assertThat(info.getReason()).isEqualTo(reason);
        assertThat(info.getDomain()).isEqualTo("reservoir.dev");
    }

    @Test
    void theSubstrateDescribesWhatReportsShow() {
        Substrate substrate =
                SubstrateServiceGrpc.newBlockingStub(channel).getSubstrate(GetSubstrateRequest.getDefaultInstance());

        assertThat(substrate.getName()).isNotEmpty();
        assertThat(substrate.getDigest()).matches("[0-9a-f]{64}");
        assertThat(substrate.getPositions()).isEqualTo(512);
        assertThat(substrate.getParameters()).isPositive();
        assertThat(substrate.getPrecision()).isIn("f32", "bf16");
        assertThat(substrate.getProcessResidentBytes()).isPositive();
    }

    @Test
    void aHeadIsCreatedOnceAndDeletingAMissingOneSucceeds() throws IOException {
        String name = created("once");

        assertFailed(
                catchThrowableOfType(StatusRuntimeException.class, () -> create("once")),
                Status.Code.ALREADY_EXISTS,
                "HEAD_EXISTS");
        DeleteHeadRequest deletion = DeleteHeadRequest.newBuilder()
                .setName(name)
                .setAllowMissing(true)
                .build();
        HeadServiceGrpc.newBlockingStub(channel).deleteHead(deletion);
        HeadServiceGrpc.newBlockingStub(channel).deleteHead(deletion);
        created("once");
    }

    @Test
    void trainingOpensWithCreditsAndEndsWhenEverythingIsHandled() throws Exception {
        String head = created("all");
        Replies<TrainResponse> replies = new Replies<>();
        StreamObserver<TrainRequest> requests = open(head, 0, replies);
        TrainResponse opened = replies.next(TrainResponse.class);
        assertThat(opened.getOpened().getNextSequence()).isEqualTo(1);
        assertThat(opened.getOpened().getWriterEpoch()).isEqualTo(1);
        assertThat(opened.getOpened().getCredits()).isGreaterThanOrEqualTo(4);

        send(requests, 1, 4);
        requests.onCompleted();

        Progress progress = through(replies, 4);
        assertThat(progress.getMetrics().getExamples()).isEqualTo(4);
        assertThat(progress.getMetrics().getTotal().getCount()).isEqualTo(4);
        assertThat(progress.getRefusalsCount()).isZero();
        assertCompletes(replies);

        Replies<TrainResponse> later = new Replies<>();
        StreamObserver<TrainRequest> again = open(head, 0, later);
        TrainResponse reopened = later.next(TrainResponse.class);
        assertThat(reopened.getOpened().getNextSequence()).isEqualTo(5);
        assertThat(reopened.getOpened().getWriterEpoch()).isEqualTo(2);
        again.onCompleted();
        assertCompletes(later);
    }

    @Test
    void aGapEndsTheStreamAndNamesTheExpectedNumber() throws Exception {
        Replies<TrainResponse> replies = new Replies<>();
        StreamObserver<TrainRequest> requests = open(created("gap"), 0, replies);
        replies.next(TrainResponse.class);

        send(requests, 2, 2);

        StatusRuntimeException failure = replies.next(StatusRuntimeException.class);
        assertFailed(failure, Status.Code.OUT_OF_RANGE, "SEQUENCE_GAP");
        assertThat(failure.getStatus().getDescription()).contains("2", "expected: 1");
    }

    @Test
    void theNewerWriterFencesTheOlder() throws Exception {
        String head = created("fence");
        Replies<TrainResponse> first = new Replies<>();
        open(head, 0, first);
        first.next(TrainResponse.class);
        Replies<TrainResponse> second = new Replies<>();

        StreamObserver<TrainRequest> newer = open(head, 7, second);

        assertThat(second.next(TrainResponse.class).getOpened().getWriterEpoch())
                .isEqualTo(7);
        assertFailed(first.next(StatusRuntimeException.class), Status.Code.ABORTED, "WRITER_FENCED");
        Replies<TrainResponse> third = new Replies<>();
        open(head, 6, third);
        assertFailed(third.next(StatusRuntimeException.class), Status.Code.ABORTED, "WRITER_FENCED");
        newer.onCompleted();
        assertCompletes(second);
    }

    @Test
    void aMissingHeadIsReportedByItsReason() throws Exception {
        String missing = PARENT + "/heads/missing";
        Replies<TrainResponse> training = new Replies<>();
        open(missing, 0, training);
        assertFailed(training.next(StatusRuntimeException.class), Status.Code.NOT_FOUND, "HEAD_NOT_FOUND");

        Replies<PredictStreamResponse> predictions = new Replies<>();
        StreamObserver<PredictStreamRequest> requests =
                InferenceServiceGrpc.newStub(channel).predictStream(predictions);
        requests.onNext(prediction(3, missing, created("there")));
        PredictStreamResponse reply = predictions.next(PredictStreamResponse.class);
        assertThat(reply.getId()).isEqualTo(3);
        assertThat(reply.hasError()).isFalse();
        assertThat(reply.getResponse().getPredictionsCount()).isEqualTo(2);
        assertThat(reply.getResponse().getPredictions(0).getHead()).isEqualTo(missing);
        assertReason(reply.getResponse().getPredictions(0).getError(), "HEAD_NOT_FOUND");
        assertThat(reply.getResponse().getPredictions(1).hasError()).isFalse();
        requests.onCompleted();
        assertThat(predictions.next(Status.class)).isEqualTo(Status.OK);
    }

    @Test
    void aPredictionReportsWhatTheHeadHasApplied() throws Exception {
        String head = created("applied");
        Replies<TrainResponse> replies = new Replies<>();
        StreamObserver<TrainRequest> training = open(head, 0, replies);
        replies.next(TrainResponse.class);
        send(training, 1, 3);
        training.onCompleted();
        through(replies, 3);

        Replies<PredictStreamResponse> predictions = new Replies<>();
        StreamObserver<PredictStreamRequest> requests =
                InferenceServiceGrpc.newStub(channel).predictStream(predictions);
        requests.onNext(prediction(1, head));

        PredictStreamResponse reply = predictions.next(PredictStreamResponse.class);
        assertThat(reply.getResponse().getPredictions(0).getAppliedThrough()).isEqualTo(3);
        assertThat(reply.getResponse().getPredictions(0).getLabel().getLabel()).isNotEmpty();
        requests.onCompleted();
    }

    private static PredictStreamRequest prediction(long id, String... heads) {
        Observation observation = EXAMPLES.get(0).getObservation();
        return PredictStreamRequest.newBuilder()
                .setId(id)
                .setRequest(
                        PredictRequest.newBuilder().addAllHeads(List.of(heads)).setObservation(observation))
                .build();
    }
}
