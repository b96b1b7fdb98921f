package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.predict;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.FieldMask;
import dev.reservoir.server.mixing.MixingSubstrate;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.FrozenCompanion;
import dev.reservoir.v1.GetHeadRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.HeadServiceGrpc.HeadServiceBlockingStub;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc.InferenceServiceBlockingStub;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.RecursiveLeastSquares;
import dev.reservoir.v1.Regression;
import dev.reservoir.v1.SeriesModality;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TensorModality;
import dev.reservoir.v1.TextModality;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.UpdateHeadRequest;
import dev.reservoir.v1.Vector;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Heads that learn through the substrate, over a socket. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FptHeadTest {
    private static final AtomicInteger HEADS = new AtomicInteger();
    private static final int D = MixingSubstrate.WIDTH;

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
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private static Head.Builder rows(Fpt.Builder fpt) {
        return Head.newBuilder()
                .setKind(Head.Kind.FPT)
                .setModality(Modality.newBuilder()
                        .setTensor(TensorModality.newBuilder().setWidth(3).setMaxRows(4)))
                .setTask(Task.newBuilder().setClassification(Classification.getDefaultInstance()))
                .setLearning(Learning.newBuilder().setFpt(fpt));
    }

    private static Fpt.Builder fast(int minibatch) {
        return Fpt.newBuilder().setLearningRate(2e-2).setMinibatch(minibatch);
    }

    private String newHead(Head.Builder head) {
        String id = "f" + HEADS.incrementAndGet();
        heads.createHead(create(id, head.build()));
        return id;
    }

    private Head get(String id) {
        return heads.getHead(GetHeadRequest.newBuilder().setName(name(id)).build());
    }

    private static Observation observation(float... values) {
        Matrix.Builder matrix = Matrix.newBuilder().setColumns(3);
        for (float value : values) {
            matrix.addValues(value);
        }
        return Observation.newBuilder().setTensor(matrix).build();
    }

    private static TrainRequest example(long sequence, Observation observation, Target target) {
        return TrainRequest.newBuilder()
                .setExample(Example.newBuilder()
                        .setSequence(sequence)
                        .setObservation(observation)
                        .setTarget(target))
                .build();
    }

    /** Three rows whose first numbers decide the label. */
    private static Observation decided(Random random, boolean up) {
        float[] values = new float[9];
        for (int i = 0; i < 9; i++) {
            values[i] = (float) random.nextGaussian() + (i % 3 == 0 ? (up ? 1.5f : -1.5f) : 0);
        }
        return observation(values);
    }

    private static Target label(boolean up) {
        return Messages.label(up ? "up" : "down");
    }

    @Test
    void aHeadIsCreatedWithItsDefaultsAndItsExactSize() {
        String id = newHead(rows(Fpt.newBuilder()).clearLearning());
        Head head = get(id);
        assertThat(head.getKind()).isEqualTo(Head.Kind.FPT);
        Fpt learning = head.getLearning().getFpt();
        assertThat(learning.getPartsList())
                .containsExactly(Fpt.Part.READOUT, Fpt.Part.INPUT, Fpt.Part.POSITIONS, Fpt.Part.NORMS);
        assertThat(learning.getLearningRate()).isEqualTo(1e-3);
        assertThat(learning.getMinibatch()).isEqualTo(16);
        assertThat(learning.getClipNorm()).isEqualTo(1);
        assertThat(learning.getUpdatesPerExample()).isEqualTo(1);
        assertThat(head.getEncoder().getPooling()).isEqualTo(Encoder.Pooling.MEAN);
        assertThat(head.getTrainableParameters()).isEqualTo(3 * D + D + 4 * D + 2 * D);
        assertThat(head.getLearning().getRuleCase()).isEqualTo(Learning.RuleCase.FPT);

        Head series = Head.newBuilder()
                .setModality(Modality.newBuilder()
                        .setSeries(SeriesModality.newBuilder().setChannels(2).setWindow(6)))
                .setTask(Task.newBuilder().setRegression(Regression.getDefaultInstance()))
                .setLearning(Learning.newBuilder().setFpt(Fpt.newBuilder().addParts(Fpt.Part.READOUT)))
                .build();
        heads.createHead(create("fixed", series));
        Head fixed = get("fixed");
        assertThat(fixed.getKind()).isEqualTo(Head.Kind.FPT);
        assertThat(fixed.getEncoder().getPooling()).isEqualTo(Encoder.Pooling.CONCATENATE);
        assertThat(fixed.getFeatureWidth()).isEqualTo(6 * D);
        assertThat(fixed.getTrainableParameters()).isEqualTo(6 * D + 1);
    }

    @Test
    void whatDoesNotFitIsRefusedWithItsField() {
        refused(rows(Fpt.newBuilder().setLearningRate(2)), "learning.fpt.learning_rate: 2.0");
        refused(rows(Fpt.newBuilder().setMinibatch(257)), "learning.fpt.minibatch: 257");
        refused(
                rows(Fpt.newBuilder().setMinibatch(64))
                        .setModality(Modality.newBuilder()
                                .setTensor(
                                        TensorModality.newBuilder().setWidth(3).setMaxRows(512))),
                "learning.fpt.minibatch: 64 observations of 512 tokens (expected: at most 16384 tokens a step)");
        refused(rows(Fpt.newBuilder().setInnerRate(-1)), "learning.fpt.inner_rate: -1.0");
        refused(rows(Fpt.newBuilder().setClipNorm(Double.NaN)), "learning.fpt.clip_norm: NaN");
        refused(rows(Fpt.newBuilder().setUpdatesPerExample(17)), "learning.fpt.updates_per_example: 17");
        refused(
                rows(Fpt.newBuilder().setUpdatesPerExample(2).setReplayCapacity(3)),
                "learning.fpt.replay_capacity: 3 (expected: at least minibatch 16");
        refused(
                rows(Fpt.newBuilder().setUpdatesPerExample(2).setReplayCapacity(65_536))
                        .setModality(Modality.newBuilder()
                                .setTensor(TensorModality.newBuilder()
                                        .setWidth(1_000)
                                        .setMaxRows(500))),
                "learning.fpt.replay_capacity: 65536 observations of 500000 numbers (expected: at most 67108864 numbers)");
        refused(
                rows(Fpt.newBuilder())
                        .setEncoder(Encoder.newBuilder().setPooling(Encoder.Pooling.CONCATENATE))
                        .setModality(Modality.newBuilder()
                                .setTensor(
                                        TensorModality.newBuilder().setWidth(3).setMaxRows(500)))
                        .setTask(Task.newBuilder()
                                .setClassification(Classification.newBuilder().setMaxLabels(4_000))),
                "task: 4000 outputs of 8000 features (expected: at most 16777216 weights for kind FPT)");
        refused(rows(Fpt.newBuilder().addParts(Fpt.Part.PART_UNSPECIFIED)), "learning.fpt.parts");
        refused(
                rows(Fpt.newBuilder())
                        .setLearning(Learning.newBuilder().setLeastSquares(RecursiveLeastSquares.getDefaultInstance())),
                "learning: least_squares (expected: fpt, or none, for kind FPT)");
        refused(
                rows(Fpt.newBuilder()).setKind(Head.Kind.READOUT),
                "learning: fpt (expected: least_squares or gradient for kind READOUT)");
        refused(
                rows(Fpt.newBuilder()).setEncoder(Encoder.newBuilder().setPooling(Encoder.Pooling.FLATTEN)),
                "encoder.pooling: FLATTEN");
        refused(
                rows(Fpt.newBuilder()).setEncoder(Encoder.newBuilder().setInputSkip(Encoder.InputSkip.WITH_INPUT)),
                "encoder.input_skip: WITH_INPUT");
        refused(
                rows(Fpt.newBuilder().addParts(Fpt.Part.INPUT))
                        .setModality(Modality.newBuilder().setText(TextModality.getDefaultInstance())),
                "learning.fpt.parts: INPUT");
        refused(
                rows(Fpt.newBuilder())
                        .setModality(Modality.newBuilder()
                                .setTensor(TensorModality.newBuilder().setWidth(1_025))),
                "modality: 1025 numbers a token (expected: at most 1024");
    }

    private void refused(Head.Builder head, String message) {
        assertThatThrownBy(() -> heads.createHead(create("refused", head.build())))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining(message)
                .extracting(e -> ((StatusRuntimeException) e).getStatus().getCode())
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void aHeadLearnsFromAStreamAndServesWhatItLearned() {
        String id = newHead(rows(fast(4).setUpdatesPerExample(2)));
        Random random = new Random(1);
        Training training = Training.on(channel, Replies.reading());
        training.opened(open(id));
        for (int n = 1; n <= 400; n++) {
            boolean up = random.nextBoolean();
            training.send(example(n, decided(random, up), label(up)));
        }
        List<Progress> progress = training.finish();
        Progress last = progress.get(progress.size() - 1);
        assertThat(last.getAppliedThrough()).isEqualTo(400);
        assertThat(last.getMetrics().getExamples()).isEqualTo(400);
        assertThat(last.getMetrics().getUpdates()).isEqualTo(200);
        assertThat(last.getMetrics().getWindowed().getAccuracy()).isGreaterThan(0.9);
        int right = 0;
        for (int n = 0; n < 100; n++) {
            boolean up = random.nextBoolean();
            PredictRequest request = predict(decided(random, up), id).toBuilder()
                    .setMinAppliedSequence(400)
                    .build();
            String answer =
                    inference.predict(request).getPredictions(0).getLabel().getLabel();
            right += answer.equals(up ? "up" : "down") ? 1 : 0;
        }
        assertThat(right).isGreaterThan(90);
    }

    @Test
    void aCompanionIsServedWhileTheHeadIsYoung() {
        Head.Builder head = rows(fast(16).setLearningRate(1e-6)
                .setCompanion(FrozenCompanion.newBuilder()
                        .setLeastSquares(RecursiveLeastSquares.newBuilder().setRidge(3))));
        String id = newHead(head);
        Head made = get(id);
        FrozenCompanion companion = made.getLearning().getFpt().getCompanion();
        assertThat(companion.getLeastSquares().getRidge()).isEqualTo(3);
        assertThat(companion.getEncoder().getInputSkip()).isEqualTo(Encoder.InputSkip.WITH_INPUT);
        Random random = new Random(4);
        Training training = Training.on(channel, Replies.reading());
        training.opened(open(id));
        for (int n = 1; n <= 100; n++) {
            boolean up = random.nextBoolean();
            training.send(example(n, decided(random, up), label(up)));
        }
        List<Progress> progress = training.finish();
        assertThat(progress.get(progress.size() - 1).getMetrics().getWindowed().getAccuracy())
                .isGreaterThan(0.8);
        int right = 0;
        for (int n = 0; n < 100; n++) {
            boolean up = random.nextBoolean();
            var answer = inference.predict(predict(decided(random, up), id)).getPredictions(0);
            right += answer.getLabel().getLabel().equals(up ? "up" : "down") ? 1 : 0;
        }
        // A rate of 1e-6 learns nothing: this is the companion.
        assertThat(right).isGreaterThan(85);
    }

    @Test
    void manyHeadsOfBothKindsAnswerOneObservation() {
        String fpt = newHead(rows(fast(1)));
        String other = newHead(rows(fast(1)));
        String readout = newHead(rows(Fpt.newBuilder()).clearKind().clearLearning());
        Training training = Training.on(channel, Replies.reading());
        training.opened(open(fpt));
        training.send(example(1, observation(1, 0, 0), Messages.label("a")));
        training.send(example(2, observation(1, 0, 0), Messages.label("a")));
        training.finish();
        var outcomes = inference
                .predict(predict(observation(1, 0, 0), fpt, readout, other))
                .getPredictionsList();
        assertThat(outcomes).hasSize(3);
        assertThat(outcomes.get(0).getLabel().getLabel()).isEqualTo("a");
        assertThat(outcomes.get(0).getHeadVersion()).isPositive();
        assertThat(outcomes.get(1).getLabel().getLabel()).isEmpty();
        assertThat(outcomes.get(2).getHeadVersion()).isZero();
    }

    @Test
    void aHeadThatMeetsInfinityStopsAloneAndServesOn() {
        Head.Builder values = rows(fast(2)).setTask(Task.newBuilder().setRegression(Regression.getDefaultInstance()));
        String bad = newHead(values);
        String good = newHead(values);
        Training first = Training.on(channel, Replies.reading());
        Training second = Training.on(channel, Replies.reading());
        first.opened(open(bad));
        second.opened(open(good));
        for (int n = 1; n <= 20; n++) {
            float value = n < 11 ? 1 : 3e38f;
            first.send(example(n, observation(1, 0, 0), number(value)));
            second.send(example(n, observation(1, 0, 0), number(1)));
        }
        assertThat(first.replies().code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        second.finish();
        assertThat(get(bad).getState()).isEqualTo(Head.State.FAILED);
        assertThat(get(bad).getStateReason()).contains("the gradient is not finite or too steep");
        assertThat(get(bad).getMetrics().getExamples()).isEqualTo(10);
        assertThat(get(good).getState()).isEqualTo(Head.State.ACTIVE);
        assertThat(get(good).getMetrics().getUpdates()).isEqualTo(10);
        float answer = inference
                .predict(predict(observation(1, 0, 0), bad))
                .getPredictions(0)
                .getValues()
                .getValues(0);
        assertThat(Float.isFinite(answer)).isTrue();
    }

    private static Target number(float value) {
        return Target.newBuilder()
                .setValues(Vector.newBuilder().addValues(value))
                .build();
    }

    @Test
    void aHeadMayBeDeletedInTheMiddleOfAStep() throws InterruptedException {
        String gone = newHead(rows(fast(1)));
        String stays = newHead(rows(fast(1)));
        Training first = Training.on(channel, Replies.reading());
        Training second = Training.on(channel, Replies.reading());
        first.opened(open(gone));
        second.opened(open(stays));
        CountDownLatch gate = server.hold();
        Random random = new Random(2);
        for (int n = 1; n <= 20; n++) {
            first.send(example(n, decided(random, true), label(true)));
            second.send(example(n, decided(random, true), label(true)));
        }
        server.substrate.awaitPass();
        heads.deleteHead(DeleteHeadRequest.newBuilder().setName(name(gone)).build());
        gate.countDown();
        assertThat(first.replies().code()).isEqualTo(Status.Code.NOT_FOUND);
        List<Progress> progress = second.finish();
        assertThat(progress.get(progress.size() - 1).getAppliedThrough()).isEqualTo(20);
        assertThat(get(stays).getMetrics().getExamples()).isEqualTo(20);
    }

    @Test
    void aPassThatFailsRefusesNothingToOthersAndTheStreamGoesOn() {
        String id = newHead(rows(fast(1)));
        Training training = Training.on(channel, Replies.reading());
        training.opened(open(id));
        server.substrate.fail(1);
        Random random = new Random(3);
        List<TrainRequest> requests = new ArrayList<>();
        for (int n = 1; n <= 10; n++) {
            requests.add(example(n, decided(random, true), label(true)));
        }
        training.send(requests.toArray(TrainRequest[]::new));
        List<Progress> progress = training.finish();
        assertThat(progress.get(progress.size() - 1).getAppliedThrough()).isEqualTo(10);
        assertThat(get(id).getMetrics().getExamples()).isEqualTo(9);
        assertThat(get(id).getMetrics().getRefused()).isEqualTo(1);
    }

    @Test
    void theRateMayChangeWhileItLearns() {
        String id = newHead(rows(fast(4)));
        Head changed = heads.updateHead(UpdateHeadRequest.newBuilder()
                .setHead(Head.newBuilder()
                        .setName(name(id))
                        .setLearning(
                                Learning.newBuilder().setFpt(Fpt.newBuilder().setLearningRate(5e-4))))
                .setUpdateMask(FieldMask.newBuilder().addPaths("learning.fpt.learning_rate"))
                .build());
        assertThat(changed.getLearning().getFpt().getLearningRate()).isCloseTo(5e-4, within(1e-12));
        assertThat(changed.getLearning().getFpt().getMinibatch()).isEqualTo(4);
        assertThatThrownBy(() -> heads.updateHead(UpdateHeadRequest.newBuilder()
                        .setHead(Head.newBuilder()
                                .setName(name(id))
                                .setLearning(Learning.newBuilder()
                                        .setFpt(Fpt.newBuilder().setMinibatch(8))))
                        .setUpdateMask(FieldMask.newBuilder().addPaths("learning.fpt.minibatch"))
                        .build()))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("update_mask");
        await().atMost(Duration.ofSeconds(10))
                .until(() -> get(id).getLearning().getFpt().getLearningRate() == 5e-4);
    }
}
