// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.HeadServiceGrpc.HeadServiceBlockingStub;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc.InferenceServiceBlockingStub;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;

/** One connection to a test server, the stubs on it, and heads created through them. */
final class TestClient {
    final ManagedChannel channel;
    final HeadServiceBlockingStub heads;
    final InferenceServiceBlockingStub inference;
    private int made;

    TestClient(TestServer server) {
        channel = server.channel();
        heads = HeadServiceGrpc.newBlockingStub(channel);
        inference = InferenceServiceGrpc.newBlockingStub(channel);
    }

    /** Creates a head under an id that no other head of this client has, and returns that id. */
    String newHead(Head spec) {
        made++;
        String id = "head-" + made;
        heads.createHead(create(id, spec));
        return id;
    }

    String newHead(Head.Builder spec) {
        return newHead(spec.build());
    }

    /** Asserts that a head is refused as an invalid field, in these words. */
    void isRefused(Head.Builder spec, String message) {
        assertThatThrownBy(() -> heads.createHead(create("refused", spec.build())))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class, failure -> Errors.info(Reason.INVALID_FIELD, failure))
                .hasMessageContaining(message);
    }

    Head get(String head) {
        return heads.getHead(Messages.get(head));
    }

    Training training() {
        return Training.on(channel, Replies.reading());
    }

    /** Creates the head {@code colours}, which has learned 90 examples: three sentences, and one label of each. */
    void learnColours() {
        heads.createHead(create("colours", textHead("red", "green", "blue")));
        Training training = training();
        long sequence = training.opened(open("colours")).getNextSequence();
        for (int round = 0; round < 30; round++) {
            training.send(
                    example(sequence++, "a red apple", "red"),
                    example(sequence++, "the green leaf", "green"),
                    example(sequence++, "one blue sky", "blue"));
        }
        training.finish();
    }
}
