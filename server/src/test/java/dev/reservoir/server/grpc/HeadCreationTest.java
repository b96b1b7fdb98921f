// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Errors.refusedWith;
import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.tensorHead;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.HeadServiceGrpc.HeadServiceBlockingStub;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Creating heads, how they are described, and which are refused. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HeadCreationTest {
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
    void createdHeadShowsItsDefaultsAndItsSubstrate() {
        Head head = client.heads.createHead(create("told", textHead("no", "yes")));

        assertThat(head.getName()).isEqualTo(name("told"));
        assertThat(head.getKind()).isEqualTo(Head.Kind.READOUT);
        assertThat(head.getModality().getText().getMaxTokens()).isEqualTo(128);
        assertThat(head.getTask().getClassification().getMaxLabels()).isEqualTo(64);
        assertThat(head.getEncoder().getPooling()).isEqualTo(Encoder.Pooling.MEAN);
        assertThat(head.getLearning().getLeastSquares().getForgetting()).isEqualTo(1);
        assertThat(head.getLearning().getMetricWindow()).isEqualTo(256);
        assertThat(head.getSubstrate()).isEqualTo("mixing");
        assertThat(head.getSubstrateDigest()).hasSize(64);
        assertThat(head.getState()).isEqualTo(Head.State.ACTIVE);
        assertThat(head.getLabelsList()).containsExactly("no", "yes");
        assertThat(head.getVersion()).isZero();
        assertThat(head.getFeatureWidth()).isEqualTo(16);
        assertThat(head.getCreateTime().getSeconds()).isEqualTo(TestServer.CREATED.getEpochSecond());
        assertThat(head.hasMetrics()).isFalse();
        assertThat(client.get("told")).isEqualTo(head);
    }

    @Test
    void aHeadsDescriptionCreatesAnEqualHead() {
        Head head = client.heads.createHead(create("original", tensorHead(3)));

        Head again = client.heads.createHead(create("again", head));

        assertThat(again.toBuilder().setName(head.getName()).build()).isEqualTo(head);
    }

    @Test
    void nameInUseIsRefused() {
        client.heads.createHead(create("taken", textHead()));

        assertThat(refusedWith(Reason.HEAD_EXISTS, () -> client.heads.createHead(create("taken", textHead())))
                        .getMetadataMap())
                .containsEntry("name", name("taken"));
    }

    @Test
    void repeatedCreationReturnsTheHeadAndAnotherSpecificationIsRefused() {
        CreateHeadRequest first =
                create("once", textHead()).toBuilder().setRequestId("r1").build();
        Head head = client.heads.createHead(first);

        assertThat(client.heads.createHead(first)).isEqualTo(head);
        CreateHeadRequest another = first.toBuilder().setHead(textHead("other")).build();
        refusedWith(Reason.HEAD_EXISTS, () -> client.heads.createHead(another));
        CreateHeadRequest otherId = first.toBuilder().setRequestId("r2").build();
        refusedWith(Reason.HEAD_EXISTS, () -> client.heads.createHead(otherId));
        CreateHeadRequest longId =
                first.toBuilder().setRequestId("x".repeat(65)).build();
        refusedWith(Reason.INVALID_FIELD, () -> client.heads.createHead(longId));
    }

    @Test
    void wrongSpecificationsAreRefusedNamingTheField() {
        assertField("modality", create("bad", Head.getDefaultInstance()));
        assertField("task", create("bad", textHead().toBuilder().clearTask().build()));
        assertField("modality.tensor.width", create("bad", tensorHead(0)));
        assertField("modality.text.max_tokens", create("bad", textOf(513)));
        assertField("head", create("bad", textHead()).toBuilder().clearHead().build());
        assertField("kind", create("bad", textHead().toBuilder().setKindValue(7).build()));
        assertField("head_id", create("Bad_Name", textHead()));
        assertField(
                "parent",
                create("bad", textHead()).toBuilder().setParent("acme").build());
    }

    @Test
    void oneHeadTooManyIsRefusedWithTimeToWait() {
        try (TestServer small = TestServer.startWith(1, 100)) {
            HeadServiceBlockingStub stub = HeadServiceGrpc.newBlockingStub(small.channel());
            stub.createHead(create("first", textHead()));
            refusedWith(Reason.HEAD_LIMIT, () -> stub.createHead(create("second", textHead())));
        }
    }

    private static Head textOf(int tokens) {
        Head.Builder head = textHead().toBuilder();
        head.getModalityBuilder().getTextBuilder().setMaxTokens(tokens);
        return head.build();
    }

    private void assertField(String field, CreateHeadRequest request) {
        assertThat(refusedWith(Reason.INVALID_FIELD, () -> client.heads.createHead(request))
                        .getMetadataMap())
                .containsEntry("field", field);
    }
}
