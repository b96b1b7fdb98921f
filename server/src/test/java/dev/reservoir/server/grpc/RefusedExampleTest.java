// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.label;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.tensor;
import static dev.reservoir.server.grpc.Messages.tensorHead;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.Refusal;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.Vector;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Invalid examples are refused in order while their stream continues. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusedExampleTest {
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
    void badExamplesAreRefusedInTheirTurnAndTheStreamGoesOn() {
        Head.Builder spec = textHead("a").toBuilder();
        spec.getTaskBuilder().getClassificationBuilder().setMaxLabels(2);
        String head = client.newHead(spec.build());
        Training training = client.training();
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
        String head = client.newHead(tensorHead(2));
        Training training = client.training();
        training.opened(open(head));
        Target one =
                Target.newBuilder().setValues(Vector.newBuilder().addValues(1)).build();
        Target nan = Target.newBuilder()
                .setValues(Vector.newBuilder().addValues(Float.NaN))
                .build();
        training.send(
                example(1, tensor(Float.NaN, 1), one),
                example(2, tensor(Float.NEGATIVE_INFINITY, 1), one),
                example(3, tensor(2e13f, 1), one),
                example(4, tensor(1, 1, 1), one),
                example(5, tensor(1, 1), nan),
                example(6, tensor(1, 1), one));
        List<Progress> progress = training.finish();

        assertThat(progress.stream().flatMap(each -> each.getRefusalsList().stream()))
                .extracting(Refusal::getSequence)
                .containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(progress.get(progress.size() - 1).getMetrics().getExamples()).isEqualTo(1);
    }
}
