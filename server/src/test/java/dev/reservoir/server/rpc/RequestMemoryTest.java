// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.reservoir.server.memory.MemoryBudget;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests count against one budget over all streams from their first byte. */
class RequestMemoryTest {
    private static final String ECHO = EchoServer.ECHO.getFullMethodName();
    private static final String CHAT = EchoServer.CHAT.getFullMethodName();
    private static final byte[] MESSAGE = Http2Connection.message(0, EchoServer.value(new byte[40_000]));

    private EchoServer server;
    private Http2Connection connection;

    @BeforeEach
    void start() throws IOException {
        server = EchoServer.startWith(new MemoryBudget("heap", 100_000, "java -Xmx"));
        connection = server.connect();
    }

    @AfterEach
    void stop() throws IOException {
        connection.close();
        await().until(() -> server.rpc.activeCalls() == 0);
        assertThat(server.memory.usedBytes()).isZero();
        server.close();
    }

    @Test
    void messagesThatArrivePieceByPieceAreBoundedOverAllStreams() throws IOException {
        byte[] most = Arrays.copyOf(MESSAGE, MESSAGE.length - 1);
        int[] arriving = new int[2];
        for (int i = 0; i < arriving.length; i++) {
            arriving[i] = connection.newStream();
            connection.write(
                    connection.headers(arriving[i], i == 0 ? ECHO : CHAT, Map.of(), false),
                    connection.data(arriving[i], most, false));
        }
        await().until(() -> server.memory.usedBytes() == 2L * most.length);
        assertThat(connection.call(ECHO, MESSAGE, Map.of()).grpcStatus()).isEqualTo("8");

        byte[] last = {MESSAGE[MESSAGE.length - 1]};
        for (int stream : arriving) {
            connection.write(connection.data(stream, last, true));
            assertThat(connection.reply(stream).grpcStatus()).isEqualTo("0");
        }
        assertThat(connection.call(ECHO, MESSAGE, Map.of()).grpcStatus()).isEqualTo("0");
    }

    @Test
    void streamGivesItsBytesBackWithEachReply() throws IOException {
        int stream = connection.newStream();
        connection.write(connection.headers(stream, CHAT, Map.of(), false));
        for (int i = 1; i <= 20; i++) {
            connection.write(connection.data(stream, MESSAGE, false));
            connection.replyOf(stream, i * MESSAGE.length);
        }
        await().until(() -> server.memory.usedBytes() == 0);
    }

    @Test
    void streamThatKeepsMessagesAsksForNoMoreWhileMemoryIsScarce() throws IOException {
        try (Http2Connection unread = new Http2Connection(server.port(), 1_000)) {
            int stream = unread.newStream();
            unread.write(unread.headers(stream, CHAT, Map.of(), false));
            for (int i = 0; i < 10; i++) {
                unread.write(unread.data(stream, MESSAGE, false));
            }
            unread.replyOf(stream, 1_000);
            assertThat(connection.call(ECHO, EchoServer.value((byte) 1)).grpcStatus())
                    .isEqualTo("0");
            unread.write(unread.grant(stream, 1 << 20));
            unread.replyOf(stream, 10 * MESSAGE.length);
        }
    }
}
