// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import dev.reservoir.v1.GetHeadRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.TrainResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A stock client whose calls run into short deadlines, or are cancelled, on the channel of a training stream. */
@Timeout(120)
class ShortDeadlineTest {
    private static final int EXAMPLES = 60;
    private static final int CALLS_AN_EXAMPLE = 60;

    @Test
    void callsThatRunOutOfTimeLeaveTheTrainingStreamOfTheirChannelAlone() throws Exception {
        SplittableRandom random = new SplittableRandom(5);
        try (TestServer server = TestServer.start()) {
            ManagedChannel channel = server.channel();
            HeadServiceGrpc.newBlockingStub(channel).createHead(create("h", textHead("a", "b")));
            GetHeadRequest get = GetHeadRequest.newBuilder().setName(name("h")).build();
            Training training = Training.on(channel, Replies.reading());
            training.opened(open("h"));
            List<ListenableFuture<Head>> answers = new ArrayList<>();
            for (int i = 1; i <= EXAMPLES; i++) {
                training.send(example(i, i + " " + "w ".repeat(random.nextInt(100, 50_000)), "a"));
                for (int call = 0; call < CALLS_AN_EXAMPLE; call++) {
                    ListenableFuture<Head> answer = HeadServiceGrpc.newFutureStub(channel)
                            .withDeadlineAfter(random.nextInt(1, 30_000), TimeUnit.MICROSECONDS)
                            .getHead(get);
                    if (random.nextInt(4) == 0) {
                        answer.cancel(true);
                    } else {
                        answers.add(answer);
                    }
                }
            }
            for (ListenableFuture<Head> answer : answers) {
                try {
                    answer.get();
                } catch (ExecutionException e) {
                    assertThat(Status.fromThrowable(e).getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
                }
            }
            training.requests().onCompleted();
            List<TrainResponse> replies = training.replies().rest();
            assertThat(replies.get(replies.size() - 1).getProgress().getAppliedThrough())
                    .isEqualTo(EXAMPLES);
            await().until(() -> server.services.activeCalls() == 0);
        }
    }
}
