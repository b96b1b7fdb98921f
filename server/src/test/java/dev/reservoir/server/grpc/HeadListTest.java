// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Errors.refusedWith;
import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.GetHeadRequest;
import dev.reservoir.v1.ListHeadsRequest;
import dev.reservoir.v1.ListHeadsResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Heads are found and listed as long as they exist. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HeadListTest {
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
    void unknownHeadIsNotFound() {
        assertThat(refusedWith(Reason.HEAD_NOT_FOUND, () -> client.get("nobody"))
                        .getMetadataMap())
                .containsEntry("name", name("nobody"));
        refusedWith(Reason.INVALID_FIELD, () -> client.heads.getHead(GetHeadRequest.getDefaultInstance()));
    }

    @Test
    void pagesTogetherAreTheWholeListAndTokensAreChecked() {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            client.heads.createHead(CreateHeadRequest.newBuilder()
                    .setParent("tenants/pages")
                    .setHeadId("h" + i)
                    .setHead(textHead())
                    .build());
            names.add("tenants/pages/heads/h" + i);
        }
        ListHeadsRequest.Builder page =
                ListHeadsRequest.newBuilder().setParent("tenants/pages").setPageSize(3);
        List<String> seen = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        String token;
        do {
            ListHeadsResponse response = client.heads.listHeads(page.build());
            sizes.add(response.getHeadsCount());
            response.getHeadsList().forEach(head -> seen.add(head.getName()));
            token = response.getNextPageToken();
            page.setPageToken(token);
        } while (!token.isEmpty());

        assertThat(seen).isEqualTo(names);
        assertThat(sizes).containsExactly(3, 3, 1);
        assertThat(client.heads
                        .listHeads(page.clearPageToken().setPageSize(7).build())
                        .getNextPageToken())
                .isEmpty();
        String real = client.heads.listHeads(page.setPageSize(2).build()).getNextPageToken();
        for (String wrong : List.of("h3", "!", real + "A", PageToken.of("other", "h1"))) {
            ListHeadsRequest request = page.setPageToken(wrong).build();
            refusedWith(Reason.INVALID_FIELD, () -> client.heads.listHeads(request));
        }
        refusedWith(
                Reason.INVALID_FIELD,
                () -> client.heads.listHeads(
                        page.clearPageToken().setPageSize(-1).build()));
        assertThat(client.heads
                        .listHeads(ListHeadsRequest.newBuilder()
                                .setParent("tenants/unknown")
                                .build())
                        .getHeadsCount())
                .isZero();
    }

    @Test
    void deletedHeadIsGone() {
        client.heads.createHead(create("leaving", textHead()));
        DeleteHeadRequest delete =
                DeleteHeadRequest.newBuilder().setName(name("leaving")).build();
        client.heads.deleteHead(delete);

        refusedWith(Reason.HEAD_NOT_FOUND, () -> client.get("leaving"));
        refusedWith(Reason.HEAD_NOT_FOUND, () -> client.heads.deleteHead(delete));
        client.heads.deleteHead(delete.toBuilder().setAllowMissing(true).build());
        refusedWith(
                Reason.INVALID_FIELD,
                () -> client.heads.deleteHead(DeleteHeadRequest.newBuilder()
                        .setName("leaving")
                        .setAllowMissing(true)
                        .build()));
    }
}
