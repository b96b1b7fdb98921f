// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.TrainResponse;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** One writer learns at a time: the newest, and it loses nothing of the older. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WriterFencingTest {
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
    void newerWriterFencesTheOlderAndTheOlderCannotComeBack() {
        String head = client.newHead(textHead());
        Training older = client.training();
        assertThat(older.opened(open(head, 5)).getWriterEpoch()).isEqualTo(5);
        older.send(example(1, "number one", "a"));
        older.readUntil(1);

        Training newer = Training.on(server.channel(), Replies.reading());
        Opened opened = newer.opened(open(head));
        assertThat(opened.getWriterEpoch()).isEqualTo(6);
        assertThat(opened.getNextSequence()).isEqualTo(2);
        assertThat(Errors.info(Reason.WRITER_FENCED, older.replies().failure()).getMetadataMap())
                .containsEntry("newest_epoch", "6");
        Training back = client.training();
        back.send(open(head, 5));
        Errors.info(Reason.WRITER_FENCED, back.replies().failure());

        newer.send(example(2, "number two", "b"));
        List<Progress> progress = newer.finish();
        assertThat(progress.get(progress.size() - 1).getAppliedThrough()).isEqualTo(2);
    }

    @Test
    void takeoverAcknowledgesRepeatedExamplesOnlyOnceTheyAreHandled() {
        String head = client.newHead(textHead());
        CountDownLatch gate = server.blockPasses();
        Training older = client.training();
        older.opened(open(head));
        older.send(example(1, "held back", "a"), example(2, "held too", "b"));
        await().until(() -> server.admitted(head) == 2);

        Training newer = client.training();
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
}
