// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An error in one call fails that call only, and a neighbouring stream on the same connection continues. */
class NeighbouringCallTest {
    private static final String ECHO = EchoServer.ECHO.getFullMethodName();
    private static final byte[] ONE = Http2Connection.message(0, EchoServer.value((byte) 1));
    private static final int TOO_LARGE = 3;

    private EchoServer server;
    private Http2Connection connection;
    private int neighbour;
    private int echoed;

    @BeforeEach
    void openANeighbour() throws IOException {
        server = EchoServer.start(new TransportLimits(100_000, 8 << 10, 4, 256, 16L << 20, 60_000));
        connection = server.connect();
        neighbour = connection.newStream();
        connection.write(
                connection.headers(neighbour, EchoServer.CHAT.getFullMethodName(), Map.of(), false),
                connection.data(neighbour, ONE, false));
        assertNeighbourGoesOn();
    }

    @AfterEach
    void stop() throws IOException {
        connection.close();
        await().until(() -> server.rpc.activeCalls() == 0);
        assertThat(server.memory.usedBytes()).isZero();
        server.close();
    }

    private void assertNeighbourGoesOn() throws IOException {
        connection.write(connection.data(neighbour, ONE, false));
        echoed++;
        connection.replyOf(neighbour, echoed * ONE.length);
        assertThat(connection.call(ECHO, EchoServer.value((byte) 2)).grpcStatus())
                .isEqualTo("0");
    }

    private void assertAnswered(int status, Http2Connection.Reply reply) throws IOException {
        assertThat(reply.grpcStatus()).isEqualTo(Integer.toString(status));
        assertThat(reply.headers()).containsEntry(":status", "200").containsKey("grpc-message");
        assertNeighbourGoesOn();
    }

    @ParameterizedTest
    @ValueSource(ints = {12_000, 100_000, 900_000})
    void metadataBeyondTheLimitIsRefused(int bytes) throws IOException {
        assertAnswered(TOO_LARGE, connection.call(ECHO, ONE, Map.of("x-large", "x".repeat(bytes))));
    }

    @Test
    void metadataWithinTheLimitIsAccepted() throws IOException {
        assertThat(connection
                        .call(ECHO, ONE, Map.of("x-large", "x".repeat(7_500)))
                        .grpcStatus())
                .isEqualTo("0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "deflate", "snappy", "", "GZIP"})
    void unknownEncodingIsUnimplementedAndListsTheSupportedOnes(String encoding) throws IOException {
        Http2Connection.Reply reply = connection.call(ECHO, ONE, Map.of("grpc-encoding", encoding));
        assertThat(reply.headers()).containsEntry("grpc-accept-encoding", "identity,gzip");
        assertAnswered(12, reply);
    }

    @ParameterizedTest
    @ValueSource(strings = {"test.Echo/Unknown", "Unknown", "", "test.Echo/Echo/more", "?"})
    void unknownMethodIsUnimplemented(String method) throws IOException {
        assertAnswered(12, connection.call(method, ONE, Map.of()));
    }

    @ParameterizedTest
    @CsvSource({"application/grpc+json, 200", "application/grpcx, 415", "text/html, 415", "application/grpc-web, 415"})
    void otherContentIsRefused(String contentType, String httpStatus) throws IOException {
        Http2Connection.Reply reply = connection.call(ECHO, ONE, Map.of("content-type", contentType));
        assertThat(reply.headers()).containsEntry(":status", httpStatus);
        assertNeighbourGoesOn();
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"})
    void contentTypesOfGrpcAreAccepted(String contentType) throws IOException {
        assertThat(connection
                        .call(ECHO, ONE, Map.of("content-type", contentType))
                        .grpcStatus())
                .isEqualTo("0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"soon", "", "-1S", "123456789S", "1", "99999999H"})
    void timeoutThatIsNoneLeavesTheCallWithout(String timeout) throws IOException {
        assertThat(connection.call(ECHO, ONE, Map.of("grpc-timeout", timeout)).grpcStatus())
                .isEqualTo("0");
        assertNeighbourGoesOn();
    }

    @Test
    void framingThatIsBrokenIsRefused() throws IOException {
        byte[] strange = ONE.clone();
        strange[0] = 7;
        assertAnswered(3, connection.call(ECHO, strange, Map.of()));
        assertAnswered(3, connection.call(ECHO, Arrays.copyOf(ONE, ONE.length - 1), Map.of()));
        assertAnswered(3, connection.call(ECHO, Arrays.copyOf(ONE, 3), Map.of()));
        assertAnswered(3, connection.call(ECHO, new byte[0], Map.of()));
        byte[] two = Arrays.copyOf(ONE, 2 * ONE.length);
        System.arraycopy(ONE, 0, two, ONE.length, ONE.length);
        assertAnswered(3, connection.call(ECHO, two, Map.of()));
    }

    @Test
    void messageBeyondTheLimitIsRefusedOnceItsLengthIsKnown() throws IOException {
        int stream = connection.newStream();
        connection.write(connection.headers(stream, ECHO, Map.of(), false));
        connection.write(connection.data(stream, new byte[] {0, 0, 2, 0, 0}, false));
        assertAnswered(TOO_LARGE, connection.reply(stream));
        connection.write(connection.data(stream, new byte[200_000], true));
        assertNeighbourGoesOn();
    }

    @Test
    void streamsBeyondTheLimitAreRefusedOneByOne() throws IOException {
        int[] waiting = new int[3];
        for (int i = 0; i < waiting.length; i++) {
            waiting[i] = connection.newStream();
            connection.write(connection.headers(waiting[i], ECHO, Map.of(), false));
        }
        for (int i = 0; i < 20; i++) {
            int refused = connection.newStream();
            connection.write(connection.headers(refused, ECHO, Map.of(), false), connection.data(refused, ONE, true));
            assertThat(connection.reply(refused).grpcStatus()).isEqualTo("8");
        }
        for (int stream : waiting) {
            connection.write(connection.data(stream, ONE, true));
            assertThat(connection.reply(stream).grpcStatus()).isEqualTo("0");
        }
        assertNeighbourGoesOn();
    }

    @Test
    void resetsAtAnyPlaceOfAStreamEndItAlone() throws IOException {
        byte[] half = Arrays.copyOf(ONE, 6);
        for (byte[][] body : new byte[][][] {{}, {half}, {ONE}, {ONE, half}, {ONE, ONE}}) {
            for (String method : new String[] {ECHO, EchoServer.CHAT.getFullMethodName()}) {
                int stream = connection.newStream();
                connection.write(connection.headers(stream, method, Map.of(), false));
                for (byte[] piece : body) {
                    connection.write(connection.data(stream, piece, false));
                }
                connection.write(connection.reset(stream, Http2Connection.CANCEL));
                assertNeighbourGoesOn();
            }
        }
    }

    @Test
    void callThatIsAnsweredAndThenResetEndsAlone() throws IOException {
        for (int i = 0; i < 50; i++) {
            int stream = connection.newStream();
            connection.write(connection.headers(stream, ECHO, Map.of(), false), connection.data(stream, ONE, true));
            connection.reply(stream);
            connection.write(connection.reset(stream, Http2Connection.CANCEL));
        }
        assertNeighbourGoesOn();
    }

    @Test
    void trailersOnlyAreWrittenForACallThatFailsAtOnce() throws IOException {
        server.bind("refuses", (call, request) -> call.fail(Timeouts.passed()));
        int stream = connection.newStream();
        connection.write(
                connection.headers(stream, "test.Echo/refuses", Map.of(), false),
                connection.data(stream, ONE, true),
                connection.reset(stream, Http2Connection.CANCEL));
        assertNeighbourGoesOn();
        Http2Connection.Reply reply = connection.call("test.Echo/refuses", ONE, Map.of());
        assertThat(reply.body()).isEmpty();
        assertAnswered(4, reply);
    }
}
