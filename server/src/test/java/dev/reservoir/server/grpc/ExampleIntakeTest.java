// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

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
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Gradient;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.TrainRequest;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Accepting examples over a real socket: take-overs, refusals, waiting examples and stored observations. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExampleIntakeTest {
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

    /**
     * The older writer's examples are decoded by other threads while the newer writer, on another event loop,
     * continues.
     */
    @Test
    void aTakeOverInTheMiddleOfDecodingKeepsTheOrder() {
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 20; round++) {
            String head = client.newHead(textHead());
            Training older = Training.on(server.channel(), Replies.reading());
            older.opened(open(head));
            int sent = 1 + random.nextInt(8);
            for (int i = 1; i <= sent; i++) {
                older.send(example(i, "number " + i + " " + "y ".repeat(50_000), "a"));
            }
            Training newer = Training.on(server.channel(), Replies.reading());
            Opened opened = newer.opened(open(head));
            long next = opened.getNextSequence();
            for (long i = next; i < next + 5; i++) {
                newer.send(example(i, "number " + i, "b"));
            }
            List<Progress> progress = newer.finish();
            Progress last = progress.get(progress.size() - 1);
            assertThat(last.getAppliedThrough()).isEqualTo(next + 4);
            // The older writer's are longer than texts may be: decoded, hashed and refused.
            assertThat(last.getMetrics().getRefused()).isEqualTo(next - 1);
            assertThat(last.getMetrics().getExamples()).isEqualTo(5);
            assertThat(client.get(head).getState()).isEqualTo(Head.State.ACTIVE);
            Errors.info(Reason.WRITER_FENCED, older.replies().failure());
        }
    }

    @Test
    void refusalsAreCountedInTheStreamAndInTheHead() {
        String head = client.newHead(textHead());
        Training training = client.training();
        training.opened(open(head));
        for (int i = 1; i <= 3; i++) {
            training.send(withoutTarget(i));
        }
        List<Progress> progress = training.finish();
        assertThat(progress.get(progress.size() - 1).getRefusedTotal()).isEqualTo(3);
        assertThat(client.get(head).getMetrics().getRefused()).isEqualTo(3);
        assertThat(client.get(head).getMetrics().getExamples()).isZero();
    }

    @Test
    void epochsAreUnsigned() {
        String head = client.newHead(textHead());
        Training middle = client.training();
        assertThat(middle.opened(open(head, Long.MIN_VALUE)).getWriterEpoch()).isEqualTo(Long.MIN_VALUE);
        Training lower = client.training();
        lower.send(open(head, Long.MAX_VALUE));
        assertThat(Errors.info(Reason.WRITER_FENCED, lower.replies().failure()).getMetadataMap())
                .containsEntry("newest_epoch", "9223372036854775808");
        Training last = client.training();
        assertThat(last.opened(open(head, -1)).getWriterEpoch()).isEqualTo(-1);
        Errors.info(Reason.WRITER_FENCED, middle.replies().failure());
        Training beyond = client.training();
        beyond.send(open(head));
        Errors.info(Reason.INVALID_FIELD, beyond.replies().failure());
        last.send(example(1, "one", "a"));
        assertThat(last.finish()).last().extracting(Progress::getAppliedThrough).isEqualTo(1L);
    }

    @Test
    void aMinibatchThatIsNotFullIsLearnedWhenTheStreamEnds() {
        Head spec = textHead("a", "b").toBuilder()
                .setLearning(
                        Learning.newBuilder().setGradient(Gradient.newBuilder().setMinibatch(16)))
                .build();
        client.heads.createHead(create("gathers", spec));
        Training training = client.training();
        training.opened(open("gathers"));
        for (int i = 1; i <= 10; i++) {
            training.send(example(i, "number " + i, i % 2 == 0 ? "a" : "b"));
        }
        List<Progress> progress = training.finish();
        Progress last = progress.get(progress.size() - 1);
        assertThat(last.getAppliedThrough()).isEqualTo(10);
        assertThat(last.getMetrics().getExamples()).isEqualTo(10);
        assertThat(last.getMetrics().getUpdates()).isEqualTo(1);
    }

    @Test
    void storedObservationsAreForgottenWithATenantsLastHead() {
        TestServer own = TestServer.start();
        try {
            TestClient other = new TestClient(own);
            other.heads.createHead(create("one", textHead("a", "b")));
            other.heads.createHead(create("two", textHead("a", "b")));
            other.inference.predict(predict(text("held"), "one").toBuilder()
                    .setObservationId("x")
                    .build());
            assertThat(own.held.usedBytes()).isPositive();
            other.heads.deleteHead(
                    DeleteHeadRequest.newBuilder().setName(name("one")).build());
            assertThat(own.held.usedBytes()).isPositive();
            other.heads.deleteHead(
                    DeleteHeadRequest.newBuilder().setName(name("two")).build());
            await().untilAsserted(() -> assertThat(own.held.usedBytes()).isZero());
        } finally {
            own.close();
        }
    }

    private static TrainRequest withoutTarget(long sequence) {
        TrainRequest request = example(sequence, "number " + sequence, "a");
        return request.toBuilder()
                .setExample(request.getExample().toBuilder().setTarget(Target.getDefaultInstance()))
                .build();
    }
}
