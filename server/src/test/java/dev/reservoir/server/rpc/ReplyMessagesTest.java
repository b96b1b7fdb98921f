// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** How the messages of a reply leave, frame by frame. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReplyMessagesTest {
    private static final byte[] REQUEST = EchoServer.value((byte) 1);

    private EchoServer server;

    @BeforeAll
    void start() {
        server = EchoServer.start();
    }

    @AfterAll
    void stop() {
        server.close();
    }

    /** Binds a method that replies in a turn of its own, outside the transport's reading. */
    private String replying(String name, Consumer<ServerCall<BytesValue, BytesValue>> reply) {
        MethodDescriptor<?, ?> method =
                server.bind(name, (call, request) -> call.runOnContext(() -> reply.accept(call)));
        return method.getFullMethodName();
    }

    private Http2Connection.Reply call(String method) throws IOException {
        try (Http2Connection connection = server.connect()) {
            return connection.call(method, REQUEST);
        }
    }

    private static byte[] framed(List<byte[]> values) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        values.forEach(value -> all.writeBytes(Http2Connection.message(0, EchoServer.value(value))));
        return all.toByteArray();
    }

    @Test
    void messagesOfOneTurnLeaveInOneFrame() throws IOException {
        List<byte[]> values = List.of(new byte[] {1}, new byte[0], new byte[] {2, 3}, new byte[1_000]);
        String method = replying("turn", call -> {
            values.forEach(value -> call.write(EchoServer.message(value)));
            call.end();
        });
        Http2Connection.Reply reply = call(method);
        assertThat(reply.body()).isEqualTo(framed(values));
        assertThat(reply.dataFrames()).isEqualTo(1);
        assertThat(reply.grpcStatus()).isEqualTo("0");
    }

    @Test
    void messagesLeaveAtTheEndOfTheirTurn() throws IOException {
        String method = replying("open", call -> call.write(EchoServer.message((byte) 1)));
        byte[] message = framed(List.of(new byte[] {1}));
        try (Http2Connection connection = server.connect()) {
            int stream = connection.newStream();
            connection.write(
                    connection.headers(stream, method, Map.of(), false),
                    connection.data(stream, Http2Connection.message(0, REQUEST), true));
            assertThat(connection.replyOf(stream, message.length).body()).isEqualTo(message);
        }
    }

    @Test
    void largeMessagesKeepTheirPlaceAmongSmallOnes() throws IOException {
        List<byte[]> values =
                List.of(new byte[] {1}, new byte[100_000], new byte[] {2}, new byte[16_384], new byte[] {3});
        String method = replying("sizes", call -> {
            values.forEach(value -> call.write(EchoServer.message(value)));
            call.end();
        });
        Http2Connection.Reply reply = call(method);
        assertThat(reply.body()).isEqualTo(framed(values));
        assertThat(reply.grpcStatus()).isEqualTo("0");
    }

    @Test
    void messagesBeforeAFailureArriveBeforeItsStatus() throws IOException {
        String method = replying("failing", call -> {
            call.write(EchoServer.message((byte) 1));
            call.write(EchoServer.message((byte) 2));
            throw new IllegalStateException("a defect");
        });
        Http2Connection.Reply reply = call(method);
        assertThat(reply.body()).isEqualTo(framed(List.of(new byte[] {1}, new byte[] {2})));
        assertThat(reply.grpcStatus()).isEqualTo("13");
    }

    @Test
    void messageThatCannotBeFramedFailsItsCallWithAStatus() throws IOException {
        // The same bytes over and over, which take no memory until they are framed.
        ByteString half = ByteString.copyFrom(new byte[1 << 20]);
        while (half.size() < 1 << 30) {
            half = half.concat(half);
        }
        BytesValue beyondAnArray = BytesValue.of(half.concat(half.substring(0, (1 << 30) - 10)));
        String ended = replying("beyondAnArrayEnded", call -> call.endWith(beyondAnArray));
        String later = replying("beyondAnArray", call -> call.write(beyondAnArray));
        assertThat(call(ended).grpcStatus()).isEqualTo("13");
        assertThat(call(later).grpcStatus()).isEqualTo("13");
    }
}
