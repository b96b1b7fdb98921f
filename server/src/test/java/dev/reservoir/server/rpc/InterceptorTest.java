// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class InterceptorTest {
    private static final String ECHO = EchoServer.ECHO.getFullMethodName();
    private static final byte[] ONE = Http2Connection.message(0, EchoServer.value((byte) 1));

    private final List<String> seen = new CopyOnWriteArrayList<>();

    private void record(ServerCall<?, ?> call, Runnable proceed) {
        seen.add("begins " + call.method());
        call.onClosed(() -> seen.add("ends " + call.code()));
        proceed.run();
    }

    private static void authenticate(ServerCall<?, ?> call, Runnable proceed) {
        if (Objects.equals(call.metadata("x-key"), "wrong")) {
            throw new Refused(Reason.INVALID_FIELD, "x-key: wrong (expected: the right one)");
        }
        // What an authority far away would do: answer on a later turn.
        call.after(1, proceed);
    }

    @Test
    void callsPassInterceptorsInOrderAndTheirEndIsSeen() throws IOException {
        try (EchoServer server = EchoServer.startWith(this::record, InterceptorTest::authenticate);
                Http2Connection connection = server.connect()) {
            assertThat(connection.call(ECHO, ONE, Map.of("x-key", "right")).grpcStatus())
                    .isEqualTo("0");
            assertThat(connection.call(ECHO, ONE, Map.of("x-key", "wrong")).grpcStatus())
                    .isEqualTo("3");
            int stream = connection.newStream();
            connection.write(connection.headers(stream, ECHO, Map.of(), false));
            connection.write(connection.reset(stream, Http2Connection.CANCEL));
            await().until(() -> seen.size() == 6);
        }
        String begins = "begins " + ECHO;
        assertThat(seen).containsExactly(begins, "ends OK", begins, "ends INVALID_ARGUMENT", begins, "ends CANCELLED");
    }
}
