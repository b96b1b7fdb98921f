// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.Socket;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Dead peers are detected; quiet peers are left alone. */
class KeepAliveTest {
    private static final byte[] ONE = Http2Connection.message(0, EchoServer.value((byte) 1));

    private EchoServer server;

    @BeforeEach
    void start() {
        server = EchoServer.start(new TransportLimits(8 << 20, 8 << 10, 1_000, 256, 16L << 20, 200));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static int openChat(Http2Connection connection) throws IOException {
        int stream = connection.newStream();
        connection.write(
                connection.headers(stream, EchoServer.CHAT.getFullMethodName(), Map.of(), false),
                connection.data(stream, ONE, false));
        connection.replyOf(stream, ONE.length);
        return stream;
    }

    @Test
    void quietStreamOfAPeerThatAnswersPingsStaysOpen() throws IOException {
        try (Http2Connection connection = server.connect()) {
            int stream = openChat(connection);
            while (connection.pings() < 10) {
                connection.readFrame();
            }
            connection.write(connection.data(stream, ONE, true));
            assertThat(connection.reply(stream).grpcStatus()).isEqualTo("0");
        }
    }

    @Test
    void peerThatAnswersNothingIsClosedAndItsCallsEnd() throws IOException {
        try (Http2Connection connection = server.connect()) {
            openChat(connection);
            connection.answerNoPings();
            await().until(() -> server.rpc.activeCalls() == 0);
            assertThatThrownBy(() -> {
                        while (true) {
                            connection.readFrame();
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void socketThatSaysNothingIsClosed() throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(20_000);
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }
}
