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

import com.google.common.util.concurrent.ListenableFuture;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.ListHeadsRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Creations of heads that take long, as those of kind FPT do, delay no other call of their connection. */
@Timeout(60)
class SlowCreationTest {
    /** More than there are threads for creations. */
    private static final int CREATIONS = 40;

    @Test
    void everyOtherCallOfTheConnectionIsAnsweredWhileHeadsAreCreated() throws Exception {
        try (TestServer server = TestServer.start()) {
            TestClient client = new TestClient(server);
            client.heads.createHead(create("deleted", textHead()));
            client.learnColours();
            Training training = client.training();
            long next = training.opened(open("colours")).getNextSequence();
            TestServer.HeldCreations held = server.holdCreations("slow-");
            List<ListenableFuture<Head>> creations = new ArrayList<>();
            HeadServiceGrpc.HeadServiceFutureStub creating = HeadServiceGrpc.newFutureStub(client.channel);
            for (int i = 0; i < CREATIONS; i++) {
                creations.add(creating.createHead(create(
                        "slow-" + i, RowHeads.classifier(RowHeads.fast(1)).build())));
            }
            held.await();

            assertThat(client.inference
                            .predict(predict(text("a red apple"), "colours"))
                            .getPredictions(0)
                            .getLabel()
                            .getLabel())
                    .isEqualTo("red");
            training.send(example(next, "a red apple", "red"));
            assertThat(training.readUntil(next)).isEmpty();
            client.heads.deleteHead(
                    DeleteHeadRequest.newBuilder().setName(name("deleted")).build());
            assertThat(client.heads
                            .listHeads(ListHeadsRequest.newBuilder()
                                    .setParent(Messages.TENANT)
                                    .build())
                            .getHeadsList())
                    .extracting(Head::getName)
                    .containsExactly(name("colours"));
            assertThat(creations).noneMatch(ListenableFuture::isDone);

            held.release();
            for (int i = 0; i < CREATIONS; i++) {
                assertThat(creations.get(i).get(30, TimeUnit.SECONDS).getName()).isEqualTo(name("slow-" + i));
            }
            training.finish();
        }
    }
}
