// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class HealthServiceTest {
    private static final String CHECK = HealthGrpc.getCheckMethod().getFullMethodName();
    private static final String WATCH = HealthGrpc.getWatchMethod().getFullMethodName();

    private final AtomicBoolean serving = new AtomicBoolean(true);

    private static byte[] request(String service) {
        return HealthCheckRequest.newBuilder().setService(service).build().toByteArray();
    }

    private static ServingStatus status(byte[] body, int message) throws IOException {
        int length = body.length / (message + 1);
        return HealthCheckResponse.parseFrom(Arrays.copyOfRange(body, message * length + 5, body.length))
                .getStatus();
    }

    @Test
    void checkReportsTheStateOfTheSource() throws IOException {
        try (EchoServer server = EchoServer.start();
                Http2Connection connection = server.connect()) {
            new HealthService(Set.of("test.Echo"), serving::get).bind(server.rpc.methods());
            for (String service : new String[] {"", "test.Echo"}) {
                serving.set(true);
                assertThat(status(connection.call(CHECK, request(service)).body(), 0))
                        .isEqualTo(ServingStatus.SERVING);
                serving.set(false);
                assertThat(status(connection.call(CHECK, request(service)).body(), 0))
                        .isEqualTo(ServingStatus.NOT_SERVING);
            }
            assertThat(connection.call(CHECK, request("unknown")).grpcStatus()).isEqualTo("5");
        }
    }

    @Test
    void watchSendsEachChangeAndForgetsItsClient() throws IOException {
        try (EchoServer server = EchoServer.start();
                Http2Connection connection = server.connect()) {
            new HealthService(Set.of(), serving::get).bind(server.rpc.methods());
            int stream = connection.newStream();
            connection.write(
                    connection.headers(stream, WATCH, Map.of(), false),
                    connection.data(stream, Http2Connection.message(0, request("")), true));
            ServingStatus[] expected = {ServingStatus.SERVING, ServingStatus.NOT_SERVING, ServingStatus.SERVING};
            for (int i = 0; i < expected.length; i++) {
                // A message is its prefix and one field of two bytes.
                byte[] body = connection.replyOf(stream, 7 * (i + 1)).body();
                assertThat(status(body, i)).isEqualTo(expected[i]);
                serving.set(i % 2 == 1);
            }
            connection.write(connection.reset(stream, Http2Connection.CANCEL));
            await().until(() -> server.rpc.activeCalls() == 0);
        }
    }
}
