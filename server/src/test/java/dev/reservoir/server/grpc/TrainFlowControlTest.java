// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.label;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.reservoir.server.rpc.TransportLimits;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.TrainResponse;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A training stream accepts no more than its credits and bytes allow, and only while its client reads. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrainFlowControlTest {
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
    void noMoreExamplesThanCreditsAreAccepted() {
        String head = client.newHead(textHead());
        CountDownLatch gate = server.blockPasses();
        Training training = client.training();
        training.opened(open(head));
        for (int i = 1; i <= 1_000; i++) {
            training.send(example(i, "text " + i, "a"));
        }
        training.requests().onCompleted();
        await().until(() -> server.admitted(head) == 256);
        await().during(Duration.ofMillis(200)).until(() -> server.admitted(head) == 256);
        gate.countDown();

        List<TrainResponse> replies = training.replies().rest();
        assertThat(replies.get(replies.size() - 1).getProgress().getAppliedThrough())
                .isEqualTo(1_000);
    }

    @Test
    void noMoreThanTheBytesAreAccepted() {
        ServiceLimits usual = ServiceLimits.defaults();
        TransportLimits transport = usual.transport();
        ServiceLimits tight = new ServiceLimits(
                new TransportLimits(
                        transport.messageBytes(), transport.metadataBytes(), 100, 256, 100_000, transport.pingMillis()),
                usual.trainCredits(),
                usual.streamHeads(),
                usual.creations(),
                usual.appliedWaitMillis());
        try (TestServer small = TestServer.start(tight)) {
            ManagedChannel own = small.channel();
            HeadServiceGrpc.newBlockingStub(own).createHead(create("h", textHead()));
            CountDownLatch gate = small.blockPasses();
            Training training = Training.on(own, Replies.reading());
            training.opened(open("h"));
            for (int i = 1; i <= 10; i++) {
                training.send(example(i, i + " " + "y".repeat(40_000), "a"));
            }
            training.requests().onCompleted();
            await().until(() -> small.admitted("h") == 3);
            await().during(Duration.ofMillis(200)).until(() -> small.admitted("h") == 3);
            gate.countDown();

            List<TrainResponse> replies = training.replies().rest();
            assertThat(replies.get(replies.size() - 1).getProgress().getAppliedThrough())
                    .isEqualTo(10);
        }
    }

    @Test
    void clientThatNeverReadsIsNotReadFromAndStallsNobody() {
        String head = client.newHead(textHead());
        Training silent = Training.on(server.channel(), Replies.notReading());
        silent.send(open(head));
        int sent = 4_000;
        for (int i = 1; i <= sent; i++) {
            silent.send(example(i, text(" "), label("a")));
        }
        silent.requests().onCompleted();
        await().until(() -> server.applied(head) > 256);
        long[] last = new long[1];
        await().atMost(Duration.ofSeconds(20)).during(Duration.ofMillis(300)).until(() -> {
            boolean same = server.applied(head) == last[0];
            last[0] = server.applied(head);
            return same && last[0] < sent;
        });

        String other = client.newHead(textHead());
        Training lively = Training.on(server.channel(), Replies.reading());
        lively.opened(open(other));
        for (int i = 1; i <= 600; i++) {
            lively.send(example(i, "lively one " + i, "a"));
        }
        lively.finish();
        assertThat(server.applied(other)).isEqualTo(600);

        silent.replies().request(Integer.MAX_VALUE);
        List<TrainResponse> replies = silent.replies().rest();
        assertThat(replies.stream()
                        .mapToInt(reply -> reply.getProgress().getRefusalsCount())
                        .sum())
                .isEqualTo(sent);
        assertThat(replies.get(replies.size() - 1).getProgress().getAppliedThrough())
                .isEqualTo(sent);
    }
}
