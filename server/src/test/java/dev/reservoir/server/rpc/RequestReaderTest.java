// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.BytesValue;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a method is given of its request, and when. */
class RequestReaderTest {
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private EchoServer server;

    @BeforeEach
    void start() {
        server = EchoServer.start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /** Sends messages of these lengths and the half-close in one piece to a method with this handler. */
    private Http2Connection.Reply call(Consumer<ServerCall<BytesValue, BytesValue>> handler, int... lengths)
            throws IOException {
        MethodDescriptor<BytesValue, BytesValue> method =
                EchoServer.method("Read", MethodDescriptor.MethodType.BIDI_STREAMING);
        server.rpc.methods().stream(method, handler::accept);
        try (Http2Connection connection = server.connect()) {
            int stream = connection.newStream();
            byte[][] pieces = new byte[lengths.length + 1][];
            pieces[0] = connection.headers(stream, method.getFullMethodName(), Map.of(), false);
            for (int i = 0; i < lengths.length; i++) {
                byte[] message = Http2Connection.message(0, EchoServer.value(new byte[lengths[i]]));
                pieces[i + 1] = connection.data(stream, message, i == lengths.length - 1);
            }
            connection.write(pieces);
            return connection.reply(stream);
        }
    }

    @Test
    void eachFetchBringsOneMessageAndTheLastTheHalfClose() throws IOException {
        Http2Connection.Reply reply = call(
                call -> {
                    call.onMessage((message, bytes) -> {
                        seen.add("message of " + message.getValue().size());
                        call.runOnContext(() -> {
                            seen.add("fetch");
                            call.fetch();
                        });
                    });
                    call.onHalfClosed(() -> {
                        seen.add("half-close");
                        call.end();
                    });
                    call.fetch();
                },
                3,
                50_000,
                0);
        assertThat(reply.grpcStatus()).isEqualTo("0");
        assertThat(seen)
                .containsExactly(
                        "message of 3", "fetch", "message of 50000", "fetch", "message of 0", "fetch", "half-close");
    }

    @Test
    void halfCloseIsDeliveredOnceHoweverOftenItIsFetched() throws IOException {
        Http2Connection.Reply reply = call(
                call -> {
                    call.onMessage((message, bytes) -> call.fetch());
                    call.onHalfClosed(() -> {
                        seen.add("half-close");
                        if (seen.size() < 10) {
                            call.fetch();
                        }
                        call.runOnContext(call::end);
                    });
                    call.fetch();
                },
                1);
        assertThat(reply.grpcStatus()).isEqualTo("0");
        assertThat(seen).containsExactly("half-close");
    }

    @Test
    void nothingIsDeliveredAfterTheEnd() throws IOException {
        Http2Connection.Reply reply = call(
                call -> {
                    call.onMessage((message, bytes) -> {
                        seen.add("message");
                        call.end();
                        call.fetch();
                    });
                    call.onHalfClosed(() -> seen.add("half-close"));
                    call.fetch();
                },
                1,
                1);
        assertThat(reply.grpcStatus()).isEqualTo("0");
        assertThat(seen).containsExactly("message");
    }
}
