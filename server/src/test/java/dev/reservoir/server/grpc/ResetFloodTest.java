// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.PredictStreamResponse;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client that opens streams and resets them as fast as it can write (CVE-2023-44487). */
@Timeout(60)
class ResetFloodTest {
    private static final int HEADERS = 1;
    private static final int RESET = 3;
    private static final int SETTINGS = 4;
    private static final int END_HEADERS = 4;
    private static final int CANCEL = 8;

    private TestServer server;

    @BeforeEach
    void start() {
        server = TestServer.start();
        HeadServiceGrpc.newBlockingStub(server.channel()).createHead(create("h", textHead("a", "b")));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void aFloodOfResetsEndsItsConnectionAndNoOther() throws Exception {
        ManagedChannel channel = server.channel();
        Replies<PredictStreamRequest, PredictStreamResponse> replies = Replies.reading();
        StreamObserver<PredictStreamRequest> requests =
                InferenceServiceGrpc.newStub(channel).predictStream(replies);
        ask(requests, "before");
        assertThat(replies.next().getResponse().getPredictionsCount()).isEqualTo(1);
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(30_000);
            try {
                socket.getOutputStream().write(flood(12_000));
                socket.getOutputStream().flush();
            } catch (IOException closedMeanwhile) {
                assertThat(closedMeanwhile).hasMessageMatching("(?i).*(reset|broken pipe|aborted).*");
            }
            assertThat(ends(socket)).isTrue();
        }
        ask(requests, "after");
        assertThat(replies.next().getResponse().getPredictionsCount()).isEqualTo(1);
    }

    private static void ask(StreamObserver<PredictStreamRequest> requests, String words) {
        requests.onNext(PredictStreamRequest.newBuilder()
                .setRequest(predict(text(words), "h"))
                .build());
    }

    /** Whether the server closes the connection before the socket's timeout. */
    private static boolean ends(Socket socket) throws IOException {
        byte[] buffer = new byte[1 << 16];
        try {
            while (socket.getInputStream().read(buffer) >= 0) {
                // What came before the end does not matter.
            }
            return true;
        } catch (java.net.SocketTimeoutException open) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    /** The bytes of a connection (RFC 9113) that opens streams and resets each at once. */
    private static byte[] flood(int streams) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        frame(out, SETTINGS, 0, 0, new byte[0]);
        // RFC 7541, static table: method POST, scheme http, path /, and an authority of one letter.
        byte[] headers = {(byte) 0x83, (byte) 0x86, (byte) 0x84, 0x01, 1, 'x'};
        for (int i = 0; i < streams; i++) {
            frame(out, HEADERS, END_HEADERS, 2 * i + 1, headers);
            frame(out, RESET, 0, 2 * i + 1, new byte[] {0, 0, 0, CANCEL});
        }
        return bytes.toByteArray();
    }

    private static void frame(DataOutputStream out, int type, int flags, int stream, byte[] payload)
            throws IOException {
        out.writeByte(0);
        out.writeShort(payload.length);
        out.writeByte(type);
        out.writeByte(flags);
        out.writeInt(stream);
        out.write(payload);
    }
}
