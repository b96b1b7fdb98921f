// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.io.IOException;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Replies that wait for a client which does not read them, and then goes, or lets its deadline pass. */
class UnreadReplyTest {
    private static final int WINDOW = 1_000;
    private static final byte[] LARGE = new byte[300_000];
    private static final String ECHO = EchoServer.ECHO.getFullMethodName();

    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final Queue<String> warnings = new ConcurrentLinkedQueue<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            if (event.getLevel().isGreaterOrEqual(Level.WARN)) {
                warnings.add(event.getLoggerName() + ": " + event.getFormattedMessage());
            }
        }
    };
    private EchoServer server;
    private Http2Connection connection;

    @BeforeEach
    void start() throws IOException {
        appender.start();
        root.addAppender(appender);
        server = EchoServer.start();
        connection = new Http2Connection(server.port(), WINDOW);
    }

    @AfterEach
    void stop() throws IOException {
        connection.close();
        await().until(() -> server.rpc.activeCalls() == 0);
        server.close();
        root.detachAppender(appender);
        assertThat(warnings).isEmpty();
    }

    private int callUnread(String method, Map<String, String> more) throws IOException {
        int stream = connection.newStream();
        byte[] request = Http2Connection.message(0, EchoServer.value(LARGE));
        connection.write(connection.headers(stream, method, more, false), connection.data(stream, request, true));
        connection.replyOf(stream, WINDOW);
        return stream;
    }

    private void assertConnectionLives() throws IOException {
        assertThat(connection.call(ECHO, EchoServer.value((byte) 1)).grpcStatus())
                .isEqualTo("0");
    }

    @Test
    void resetOfAQueuedReplyEndsItsCallWithoutAWordInTheLog() throws IOException {
        for (String method : new String[] {ECHO, EchoServer.CHAT.getFullMethodName()}) {
            for (int i = 0; i < 5; i++) {
                int stream = callUnread(method, Map.of());
                connection.write(connection.reset(stream, Http2Connection.CANCEL));
                assertConnectionLives();
            }
        }
    }

    @Test
    void resetOfManyQueuedRepliesOfOneStreamEndsItAlone() throws IOException {
        int stream = connection.newStream();
        byte[] one = Http2Connection.message(0, EchoServer.value(new byte[50_000]));
        connection.write(connection.headers(stream, EchoServer.CHAT.getFullMethodName(), Map.of(), false));
        for (int i = 0; i < 10; i++) {
            connection.write(connection.data(stream, one, i == 9));
        }
        connection.replyOf(stream, WINDOW);
        connection.write(connection.reset(stream, Http2Connection.CANCEL));
        assertConnectionLives();
    }

    @Test
    void deadlineThatPassesWhileTheReplyIsWrittenResetsThatCallAlone() throws IOException {
        int stream = callUnread(ECHO, Map.of("grpc-timeout", "300m"));
        Http2Connection.Reply reply = connection.reply(stream);
        assertThat(reply.resetCode()).isEqualTo(Http2Connection.CANCEL);
        assertConnectionLives();
    }

    @Test
    void replyContinuesOnceItsClientReadsAgain() throws IOException {
        int stream = callUnread(ECHO, Map.of());
        assertThat(server.rpc.activeCalls()).isEqualTo(1);
        connection.write(connection.grant(stream, 1 << 20));
        Http2Connection.Reply reply = connection.reply(stream);
        assertThat(reply.grpcStatus()).isEqualTo("0");
        assertThat(reply.body()).isEqualTo(Http2Connection.message(0, EchoServer.value(LARGE)));
    }

    @Test
    void lostConnectionEndsCallsOfAnyState() throws IOException {
        callUnread(ECHO, Map.of());
        callUnread(EchoServer.CHAT.getFullMethodName(), Map.of());
        assertThat(server.rpc.activeCalls()).isEqualTo(2);
        connection.close();
        await().until(() -> server.rpc.activeCalls() == 0);
    }
}
