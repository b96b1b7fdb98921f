// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.update;
import static dev.reservoir.server.grpc.RowHeads.classifier;
import static dev.reservoir.server.grpc.RowHeads.fast;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.reservoir.server.mixing.MixingSubstrate;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.RecursiveLeastSquares;
import dev.reservoir.v1.Regression;
import dev.reservoir.v1.SeriesModality;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TensorModality;
import dev.reservoir.v1.TextModality;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Specifications, validation and updates of heads that are trained through the substrate. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FptHeadTest {
    private static final int D = MixingSubstrate.WIDTH;

    private TestServer server;
    private TestClient client;

    @BeforeAll
    void start() {
        server = TestServer.start();
        client = new TestClient(server);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void aHeadIsCreatedWithItsDefaultsAndItsExactSize() {
        String id = client.newHead(classifier(Fpt.newBuilder()).clearLearning());
        Head head = client.get(id);
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
        client.heads.createHead(create("fixed", series));
        Head fixed = client.get("fixed");
        assertThat(fixed.getKind()).isEqualTo(Head.Kind.FPT);
        assertThat(fixed.getEncoder().getPooling()).isEqualTo(Encoder.Pooling.CONCATENATE);
        assertThat(fixed.getFeatureWidth()).isEqualTo(6 * D);
        assertThat(fixed.getTrainableParameters()).isEqualTo(6 * D + 1);
    }

    @Test
    void whatDoesNotFitIsRefusedWithItsField() {
        client.isRefused(classifier(Fpt.newBuilder().setLearningRate(2)), "learning.fpt.learning_rate: 2.0");
        client.isRefused(classifier(Fpt.newBuilder().setMinibatch(257)), "learning.fpt.minibatch: 257");
        client.isRefused(
                classifier(Fpt.newBuilder().setMinibatch(64))
                        .setModality(Modality.newBuilder()
                                .setTensor(
                                        TensorModality.newBuilder().setWidth(3).setMaxRows(512))),
                "learning.fpt.minibatch: 64 observations of 512 tokens (expected: at most 16384 tokens a step)");
        client.isRefused(classifier(Fpt.newBuilder().setInnerRate(-1)), "learning.fpt.inner_rate: -1.0");
        client.isRefused(classifier(Fpt.newBuilder().setClipNorm(Double.NaN)), "learning.fpt.clip_norm: NaN");
        client.isRefused(classifier(Fpt.newBuilder().setUpdatesPerExample(17)), "learning.fpt.updates_per_example: 17");
        client.isRefused(
                classifier(Fpt.newBuilder().setUpdatesPerExample(2).setReplayCapacity(3)),
                "learning.fpt.replay_capacity: 3 (expected: at least minibatch 16");
        client.isRefused(
                classifier(Fpt.newBuilder().setUpdatesPerExample(2).setReplayCapacity(65_536))
                        .setModality(Modality.newBuilder()
                                .setTensor(TensorModality.newBuilder()
                                        .setWidth(1_000)
                                        .setMaxRows(500))),
                "learning.fpt.replay_capacity: 65536 observations of 500000 numbers"
                        + " (expected: at most 67108864 numbers)");
        client.isRefused(
                classifier(Fpt.newBuilder())
                        .setEncoder(Encoder.newBuilder().setPooling(Encoder.Pooling.CONCATENATE))
                        .setModality(Modality.newBuilder()
                                .setTensor(
                                        TensorModality.newBuilder().setWidth(3).setMaxRows(500)))
                        .setTask(Task.newBuilder()
                                .setClassification(Classification.newBuilder().setMaxLabels(4_000))),
                "task: 4000 outputs of 8000 features (expected: at most 16777216 weights for kind FPT)");
        client.isRefused(classifier(Fpt.newBuilder().addParts(Fpt.Part.PART_UNSPECIFIED)), "learning.fpt.parts");
        client.isRefused(
                classifier(Fpt.newBuilder())
                        .setLearning(Learning.newBuilder().setLeastSquares(RecursiveLeastSquares.getDefaultInstance())),
                "learning: least_squares (expected: fpt, or none, for kind FPT)");
        client.isRefused(
                classifier(Fpt.newBuilder()).setKind(Head.Kind.READOUT),
                "learning: fpt (expected: least_squares or gradient for kind READOUT)");
        client.isRefused(
                classifier(Fpt.newBuilder()).setEncoder(Encoder.newBuilder().setPooling(Encoder.Pooling.FLATTEN)),
                "encoder.pooling: FLATTEN");
        client.isRefused(
                classifier(Fpt.newBuilder())
                        .setEncoder(Encoder.newBuilder().setInputSkip(Encoder.InputSkip.WITH_INPUT)),
                "encoder.input_skip: WITH_INPUT");
        client.isRefused(
                classifier(Fpt.newBuilder().addParts(Fpt.Part.INPUT))
                        .setModality(Modality.newBuilder().setText(TextModality.getDefaultInstance())),
                "learning.fpt.parts: INPUT");
        client.isRefused(
                classifier(Fpt.newBuilder())
                        .setModality(Modality.newBuilder()
                                .setTensor(TensorModality.newBuilder().setWidth(1_025))),
                "modality: 1025 numbers per token (expected: at most 1024");
    }

    @Test
    void theRateMayChangeWhileItLearns() {
        String id = client.newHead(classifier(fast(4)));
        Head slower = Head.newBuilder()
                .setName(name(id))
                .setLearning(Learning.newBuilder().setFpt(Fpt.newBuilder().setLearningRate(5e-4)))
                .build();
        Head changed = client.heads.updateHead(update(slower, "learning.fpt.learning_rate"));
        assertThat(changed.getLearning().getFpt().getLearningRate()).isCloseTo(5e-4, within(1e-12));
        assertThat(changed.getLearning().getFpt().getMinibatch()).isEqualTo(4);
        Head larger = Head.newBuilder()
                .setName(name(id))
                .setLearning(Learning.newBuilder().setFpt(Fpt.newBuilder().setMinibatch(8)))
                .build();
        assertThatThrownBy(() -> client.heads.updateHead(update(larger, "learning.fpt.minibatch")))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("update_mask");
        await().atMost(Duration.ofSeconds(10))
                .until(() -> client.get(id).getLearning().getFpt().getLearningRate() == 5e-4);
    }
}
