package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.label;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.tensor;
import static dev.reservoir.server.grpc.Messages.tensorHead;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.rpc.ErrorInfo;
import dev.reservoir.heads.Reason;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.HeadServiceGrpc.HeadServiceBlockingStub;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.Refusal;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.Vector;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrainStreamTest {
    private static final AtomicInteger HEADS = new AtomicInteger();

    private TestServer server;
    private ManagedChannel channel;
    private HeadServiceBlockingStub heads;

    @BeforeAll
    void start() {
        server = TestServer.start();
        channel = server.channel();
        heads = HeadServiceGrpc.newBlockingStub(channel);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private Training training() {
        return Training.on(channel, Replies.reading());
    }

    private String newHead(Head spec) {
        String id = "h" + HEADS.incrementAndGet();
        heads.createHead(create(id, spec));
        return id;
    }

    @Test
    void examplesAreAcknowledgedCumulativelyAndCreditsComeBackOnce() {
        String head = newHead(textHead());
        Training training = training();

        Opened opened = training.opened(open(head));
        assertThat(opened.getNextSequence()).isEqualTo(1);
        assertThat(opened.getWriterEpoch()).isEqualTo(1);
        assertThat(opened.getCredits()).isEqualTo(256);
        assertThat(opened.getDurable()).isFalse();
        for (int i = 1; i <= 700; i++) {
            training.send(example(i, "word" + i % 5 + " and", "label" + i % 5));
        }
        List<Progress> progress = training.finish();

        assertThat(progress.stream().mapToInt(Progress::getCredits).sum()).isEqualTo(700);
        assertThat(progress).extracting(Progress::getAppliedThrough).isSorted();
        assertThat(progress).extracting(Progress::getHeadVersion).isSorted();
        Progress last = progress.get(progress.size() - 1);
        assertThat(last.getAppliedThrough()).isEqualTo(700);
        assertThat(last.getDurableThrough()).isZero();
        assertThat(last.getMetrics().getExamples()).isEqualTo(700);
        assertThat(last.getMetrics().getWindowed().getAccuracy()).isGreaterThan(0.9);
        assertThat(heads.getHead(get(head)).getLabelsList())
                .containsExactly("label1", "label2", "label3", "label4", "label0");
    }

    @Test
    void repeatedExamplesAreAcknowledgedNotLearnedAndOtherPayloadsAreConflicts() {
        String head = newHead(textHead());
        Training first = training();
        first.opened(open(head));
        first.send(example(1, "number one", "a"), example(2, "number two", "b"));
        first.finish();

        Training second = training();
        assertThat(second.opened(open(head)).getNextSequence()).isEqualTo(3);
        second.send(
                example(1, "number one", "a"),
                example(2, "number two", "OTHER"),
                example(2, "number two", "b"),
                example(3, "number three", "a"));
        List<Progress> progress = second.finish();

        Progress last = progress.get(progress.size() - 1);
        assertThat(last.getAppliedThrough()).isEqualTo(3);
        assertThat(last.getMetrics().getExamples()).isEqualTo(3);
        assertThat(last.getMetrics().getRefused()).isZero();
        assertThat(progress.stream().mapToInt(Progress::getCredits).sum()).isEqualTo(4);
        List<Refusal> refusals =
                progress.stream().flatMap(one -> one.getRefusalsList().stream()).toList();
        assertThat(refusals).singleElement().extracting(Refusal::getSequence).isEqualTo(2L);
        Errors.info(Reason.SEQUENCE_CONFLICT, refusals.get(0).getStatus());
    }

    @Test
    void gapEndsTheStreamAndNamesTheExpectedNumber() {
        String head = newHead(textHead());
        Training training = training();
        training.opened(open(head));
        training.send(example(1, "number one", "a"), example(3, "number three", "a"));

        ErrorInfo info = Errors.info(Reason.SEQUENCE_GAP, training.replies().failure());
        assertThat(info.getMetadataMap()).containsEntry("expected", "2");
        Training zero = training();
        zero.opened(open(head));
        zero.send(example(0, "number zero", "a"));
        Errors.info(Reason.SEQUENCE_GAP, zero.replies().failure());
    }

    @Test
    void newerWriterFencesTheOlderAndTheOlderCannotComeBack() {
        String head = newHead(textHead());
        Training older = training();
        assertThat(older.opened(open(head, 5)).getWriterEpoch()).isEqualTo(5);
        older.send(example(1, "number one", "a"));
        older.readUntil(1);

        Training newer = Training.on(server.channel(), Replies.reading());
        Opened opened = newer.opened(open(head));
        assertThat(opened.getWriterEpoch()).isEqualTo(6);
        assertThat(opened.getNextSequence()).isEqualTo(2);
        assertThat(Errors.info(Reason.WRITER_FENCED, older.replies().failure()).getMetadataMap())
                .containsEntry("newest_epoch", "6");
        Training back = training();
        back.send(open(head, 5));
        Errors.info(Reason.WRITER_FENCED, back.replies().failure());

        newer.send(example(2, "number two", "b"));
        List<Progress> progress = newer.finish();
        assertThat(progress.get(progress.size() - 1).getAppliedThrough()).isEqualTo(2);
    }

    @Test
    void takeoverAcknowledgesRepeatedExamplesOnlyOnceTheyAreHandled() {
        String head = newHead(textHead());
        CountDownLatch gate = server.hold();
        Training older = training();
        older.opened(open(head));
        older.send(example(1, "held back", "a"), example(2, "held too", "b"));
        await().until(() -> server.head(name(head)).writer().admittedThrough() == 2);

        Training newer = training();
        assertThat(newer.opened(open(head)).getNextSequence()).isEqualTo(3);
        newer.send(example(1, "held back", "a"), example(2, "held too", "b"));
        newer.requests().onCompleted();
        Errors.info(Reason.WRITER_FENCED, older.replies().failure());
        assertThat(newer.replies().waiting()).isZero();
        assertThat(newer.replies().ended()).isFalse();
        gate.countDown();

        List<TrainResponse> replies = newer.replies().rest();
        Progress last = replies.get(replies.size() - 1).getProgress();
        assertThat(last.getAppliedThrough()).isEqualTo(2);
        assertThat(last.getMetrics().getExamples()).isEqualTo(2);
    }

    @Test
    void deletionEndsTheStream() {
        String idle = newHead(textHead());
        Training training = training();
        training.opened(open(idle));
        heads.deleteHead(DeleteHeadRequest.newBuilder().setName(name(idle)).build());
        Errors.info(Reason.HEAD_NOT_FOUND, training.replies().failure());

        String busy = newHead(textHead());
        CountDownLatch gate = server.hold();
        Training working = training();
        working.opened(open(busy));
        working.send(example(1, "in the middle", "a"), example(2, "of it", "a"));
        await().until(() -> server.head(name(busy)).writer().admittedThrough() == 2);
        heads.deleteHead(DeleteHeadRequest.newBuilder().setName(name(busy)).build());
        Errors.info(Reason.HEAD_NOT_FOUND, working.replies().failure());
        gate.countDown();

        Training unknown = training();
        unknown.send(open("nobody"));
        Errors.info(Reason.HEAD_NOT_FOUND, unknown.replies().failure());
    }

    @Test
    void messagesOutOfOrderEndTheStream() {
        String head = newHead(textHead());
        Training early = training();
        early.send(example(1, "number one", "a"));
        Errors.info(Reason.STREAM_ORDER, early.replies().failure());

        Training twice = training();
        twice.opened(open(head));
        twice.send(open(head));
        Errors.info(Reason.STREAM_ORDER, twice.replies().failure());

        Training empty = training();
        empty.send(TrainRequest.getDefaultInstance());
        Errors.info(Reason.STREAM_ORDER, empty.replies().failure());

        Training nothing = training();
        nothing.requests().onCompleted();
        Errors.info(Reason.STREAM_ORDER, nothing.replies().failure());
    }

    @Test
    void badExamplesAreRefusedInTheirTurnAndTheStreamGoesOn() {
        Head.Builder spec = textHead("a").toBuilder();
        spec.getTaskBuilder().getClassificationBuilder().setMaxLabels(2);
        String head = newHead(spec.build());
        Training training = training();
        training.opened(open(head));
        training.send(
                example(1, "good day", "a"),
                example(2, text("   "), label("a")),
                example(3, tensor(1, 2), label("a")),
                example(4, text("x".repeat(65_537)), label("a")),
                example(5, Observation.getDefaultInstance(), label("a")),
                example(6, text("no target"), Target.getDefaultInstance()),
                example(
                        7,
                        text("a number"),
                        Target.newBuilder()
                                .setValues(Vector.newBuilder().addValues(1))
                                .build()),
                example(8, text("empty label"), label("")),
                TrainRequest.newBuilder()
                        .setExample(Example.newBuilder()
                                .setSequence(9)
                                .setObservationId("never seen")
                                .setTarget(label("a")))
                        .build(),
                example(10, "second label", "b"),
                example(11, "third label", "c"),
                example(12, "good again", "a"));
        List<Progress> progress = training.finish();

        List<Refusal> refusals =
                progress.stream().flatMap(one -> one.getRefusalsList().stream()).toList();
        assertThat(refusals).extracting(Refusal::getSequence).containsExactly(2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 11L);
        Reason[] reasons = {
            Reason.INVALID_OBSERVATION,
            Reason.WRONG_MODALITY,
            Reason.TOO_LARGE,
            Reason.INVALID_FIELD,
            Reason.INVALID_FIELD,
            Reason.WRONG_TARGET,
            Reason.WRONG_TARGET,
            Reason.UNKNOWN_OBSERVATION,
            Reason.LABEL_LIMIT
        };
        for (int i = 0; i < reasons.length; i++) {
            Errors.info(reasons[i], refusals.get(i).getStatus());
        }
        Progress last = progress.get(progress.size() - 1);
        assertThat(last.getAppliedThrough()).isEqualTo(12);
        assertThat(last.getMetrics().getExamples()).isEqualTo(3);
        assertThat(last.getMetrics().getRefused()).isEqualTo(9);
    }

    @Test
    void numbersThatAreNotFiniteAreRefused() {
        String head = newHead(tensorHead(2));
        Training training = training();
        training.opened(open(head));
        Target one =
                Target.newBuilder().setValues(Vector.newBuilder().addValues(1)).build();
        Target nan = Target.newBuilder()
                .setValues(Vector.newBuilder().addValues(Float.NaN))
                .build();
        training.send(
                example(1, tensor(Float.NaN, 1), one),
                example(2, tensor(Float.NEGATIVE_INFINITY, 1), one),
                example(3, tensor(2e9f, 1), one),
                example(4, tensor(1, 1, 1), one),
                example(5, tensor(1, 1), nan),
                example(6, tensor(1, 1), one));
        List<Progress> progress = training.finish();

        assertThat(progress.stream().flatMap(each -> each.getRefusalsList().stream()))
                .extracting(Refusal::getSequence)
                .containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(progress.get(progress.size() - 1).getMetrics().getExamples()).isEqualTo(1);
    }

    @Test
    void labelComesLaterByTheIdOfThePrediction() {
        String head = newHead(textHead());
        InferenceServiceGrpc.newBlockingStub(channel)
                .predict(predict(text("seen before"), head).toBuilder()
                        .setObservationId("late-1")
                        .build());
        Training training = training();
        training.opened(open(head));
        training.send(TrainRequest.newBuilder()
                .setExample(Example.newBuilder()
                        .setSequence(1)
                        .setObservationId("late-1")
                        .setTarget(label("truth")))
                .build());
        List<Progress> progress = training.finish();

        assertThat(progress.get(progress.size() - 1).getMetrics().getExamples()).isEqualTo(1);
        assertThat(InferenceServiceGrpc.newBlockingStub(channel)
                        .predict(predict(text("seen before"), head))
                        .getPredictions(0)
                        .getLabel()
                        .getLabel())
                .isEqualTo("truth");
    }

    @Test
    void noMoreThanTheCreditsAreTakenIn() {
        String head = newHead(textHead());
        CountDownLatch gate = server.hold();
        Training training = training();
        training.opened(open(head));
        for (int i = 1; i <= 1_000; i++) {
            training.send(example(i, "text " + i, "a"));
        }
        training.requests().onCompleted();
        await().until(() -> admitted(head) == 256);
        await().during(Duration.ofMillis(200)).until(() -> admitted(head) == 256);
        gate.countDown();

        List<TrainResponse> replies = training.replies().rest();
        assertThat(replies.get(replies.size() - 1).getProgress().getAppliedThrough())
                .isEqualTo(1_000);
    }

    @Test
    void noMoreThanTheBytesAreTakenIn() {
        Limits usual = Limits.defaults();
        Limits tight = new Limits(
                usual.messageBytes(), 100, usual.trainCredits(), 256, 20_000, 100_000, usual.unaryBytes(), 64, 30_000);
        try (TestServer small = TestServer.start(tight)) {
            ManagedChannel own = small.channel();
            HeadServiceGrpc.newBlockingStub(own).createHead(create("h", textHead()));
            CountDownLatch gate = small.hold();
            Training training = Training.on(own, Replies.reading());
            training.opened(open("h"));
            for (int i = 1; i <= 10; i++) {
                training.send(example(i, i + " " + "y".repeat(40_000), "a"));
            }
            training.requests().onCompleted();
            await().until(() -> small.head(name("h")).writer().admittedThrough() == 3);
            await().during(Duration.ofMillis(200))
                    .until(() -> small.head(name("h")).writer().admittedThrough() == 3);
            gate.countDown();

            List<TrainResponse> replies = training.replies().rest();
            assertThat(replies.get(replies.size() - 1).getProgress().getAppliedThrough())
                    .isEqualTo(10);
        }
    }

    @Test
    void clientThatNeverReadsIsNotReadFromAndStallsNobody() {
        String head = newHead(textHead());
        Training silent = Training.on(server.channel(), Replies.notReading());
        silent.send(open(head));
        int sent = 4_000;
        for (int i = 1; i <= sent; i++) {
            silent.send(example(i, text(" "), label("a")));
        }
        silent.requests().onCompleted();
        await().until(() -> applied(head) > 256);
        long[] last = new long[1];
        await().atMost(Duration.ofSeconds(20)).during(Duration.ofMillis(300)).until(() -> {
            boolean same = applied(head) == last[0];
            last[0] = applied(head);
            return same && last[0] < sent;
        });

        String other = newHead(textHead());
        Training lively = Training.on(server.channel(), Replies.reading());
        lively.opened(open(other));
        for (int i = 1; i <= 600; i++) {
            lively.send(example(i, "lively one " + i, "a"));
        }
        lively.finish();
        assertThat(applied(other)).isEqualTo(600);

        silent.replies().request(Integer.MAX_VALUE);
        List<TrainResponse> replies = silent.replies().rest();
        assertThat(replies.stream()
                        .mapToInt(reply -> reply.getProgress().getRefusalsCount())
                        .sum())
                .isEqualTo(sent);
        assertThat(replies.get(replies.size() - 1).getProgress().getAppliedThrough())
                .isEqualTo(sent);
    }

    @Test
    void whatACancelledStreamHadTakenInIsStillLearnedAndThePenIsFree() {
        String head = newHead(textHead());
        CountDownLatch gate = server.hold();
        Training training = training();
        training.opened(open(head));
        training.send(example(1, "one more", "a"), example(2, "and another", "b"));
        await().until(() -> admitted(head) == 2);
        training.replies().call().cancel("changed my mind", null);
        gate.countDown();
        await().until(() -> applied(head) == 2);

        Training next = training();
        assertThat(next.opened(open(head)).getNextSequence()).isEqualTo(3);
        next.finish();
    }

    @Test
    void connectionCutInAMessageLosesNothingThatWasTakenIn() throws Exception {
        String head = newHead(textHead());
        try (CuttableProxy proxy = new CuttableProxy(server.port())) {
            Training training = Training.on(server.channelTo(proxy.port()), Replies.reading());
            training.opened(open(head));
            training.send(example(1, "whole one", "a"));
            training.readUntil(1);
            int before = server.services.activeCalls();
            proxy.cutAfter(20_000);
            training.send(example(2, "cut " + "z".repeat(60_000), "a"));
            assertThat(training.replies().code()).isEqualTo(io.grpc.Status.Code.UNAVAILABLE);
            await().until(() -> server.services.activeCalls() < before);
        }
        Training next = training();
        assertThat(next.opened(open(head)).getNextSequence()).isEqualTo(2);
        next.send(example(2, "whole too", "b"));
        next.finish();
        assertThat(applied(head)).isEqualTo(2);
    }

    @Test
    void failedHeadEndsItsStreamAndTakesNoOther() {
        String head = "fails-" + newHead(textHead());
        heads.createHead(create(head, textHead()));
        Training training = training();
        training.opened(open(head));
        training.send(example(1, "still sound", "a"), example(2, "the last", FailingLearner.POISON));
        StatusRuntimeException failure = training.replies().failure();
        Errors.info(Reason.HEAD_FAILED, failure);
        assertThat(failure.getMessage()).contains(FailingLearner.FAILURE);
        List<TrainResponse> replies = training.replies().taken();
        assertThat(replies.get(replies.size() - 1).getProgress().getAppliedThrough())
                .isEqualTo(2);
        assertThat(heads.getHead(get(head)).getState()).isEqualTo(Head.State.FAILED);
        assertThat(heads.getHead(get(head)).getStateReason()).isEqualTo(FailingLearner.FAILURE);
        Training again = training();
        again.send(open(head));
        Errors.info(Reason.HEAD_FAILED, again.replies().failure());
    }

    private static TrainRequest example(long sequence, Observation observation, Target target) {
        return TrainRequest.newBuilder()
                .setExample(Example.newBuilder()
                        .setSequence(sequence)
                        .setObservation(observation)
                        .setTarget(target))
                .build();
    }

    private static TrainRequest example(long sequence, String text, String label) {
        return Messages.example(sequence, text, label);
    }

    private static dev.reservoir.v1.GetHeadRequest get(String head) {
        return dev.reservoir.v1.GetHeadRequest.newBuilder().setName(name(head)).build();
    }

    private long admitted(String head) {
        return server.head(name(head)).writer().admittedThrough();
    }

    private long applied(String head) {
        return server.head(name(head)).published().appliedThrough();
    }
}
