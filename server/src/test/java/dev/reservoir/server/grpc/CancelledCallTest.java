// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Message;
import dev.reservoir.server.rpc.Http2Connection;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.ExportHeadRequest;
import dev.reservoir.v1.GetHeadRequest;
import dev.reservoir.v1.GetSubstrateRequest;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.ListHeadsRequest;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.SubstrateServiceGrpc;
import dev.reservoir.v1.TrainingServiceGrpc;
import dev.reservoir.v1.WatchHeadRequest;
import io.grpc.MethodDescriptor;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A call that its client resets ends alone, whenever the reset is read: other calls of the connection continue. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CancelledCallTest {
    private static final String GET = HeadServiceGrpc.getGetHeadMethod().getFullMethodName();

    private TestServer server;

    @BeforeAll
    void start() {
        server = TestServer.start();
        HeadServiceGrpc.newBlockingStub(server.channel()).createHead(create("h", textHead("a", "b")));
    }

    @AfterAll
    void stop() {
        server.close();
    }

    static Stream<Arguments> calls() {
        return Stream.of(
                call(HeadServiceGrpc.getGetHeadMethod(), get("h")),
                call(HeadServiceGrpc.getGetHeadMethod(), get("unknown")),
                call(
                        HeadServiceGrpc.getListHeadsMethod(),
                        ListHeadsRequest.newBuilder().setParent("tenants/t").build()),
                call(HeadServiceGrpc.getCreateHeadMethod(), create("another", textHead())),
                call(
                        HeadServiceGrpc.getDeleteHeadMethod(),
                        DeleteHeadRequest.newBuilder()
                                .setName(name("none"))
                                .setAllowMissing(true)
                                .build()),
                call(
                        HeadServiceGrpc.getWatchHeadMethod(),
                        WatchHeadRequest.newBuilder().setName(name("h")).build()),
                call(
                        HeadServiceGrpc.getExportHeadMethod(),
                        ExportHeadRequest.newBuilder().setName(name("h")).build()),
                call(SubstrateServiceGrpc.getGetSubstrateMethod(), GetSubstrateRequest.getDefaultInstance()),
                call(HealthGrpc.getCheckMethod(), HealthCheckRequest.getDefaultInstance()),
                call(HealthGrpc.getWatchMethod(), HealthCheckRequest.getDefaultInstance()),
                call(InferenceServiceGrpc.getPredictMethod(), predict(text("some words"), "h")),
                call(
                        InferenceServiceGrpc.getPredictStreamMethod(),
                        PredictStreamRequest.newBuilder()
                                .setRequest(predict(text("some words"), "h"))
                                .build()),
                call(TrainingServiceGrpc.getTrainMethod(), open("h")));
    }

    private static Arguments call(MethodDescriptor<?, ?> method, Message request) {
        return Arguments.of(method.getFullMethodName(), request.toByteArray());
    }

    private static GetHeadRequest get(String head) {
        return GetHeadRequest.newBuilder().setName(name(head)).build();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("calls")
    void aResetReadTogetherWithItsRequestEndsThatCallAlone(String method, byte[] payload) throws IOException {
        try (Http2Connection connection = new Http2Connection(server.port())) {
            int open = openTraining(connection);
            for (int round = 0; round < 20; round++) {
                int stream = connection.newStream();
                connection.write(
                        connection.headers(stream, method, Map.of(), false),
                        connection.data(stream, Http2Connection.message(0, payload), true),
                        connection.reset(stream, Http2Connection.CANCEL));
            }
            assertGoesOn(connection, open);
        }
        await().until(() -> server.services.activeCalls() == 0);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("calls")
    void aResetEndsItsCallAloneWhereverItsFramesAreSplit(String method, byte[] payload) throws IOException {
        try (Http2Connection connection = new Http2Connection(server.port())) {
            int open = openTraining(connection);
            int length = frames(connection, connection.newStream(), method, payload).length;
            for (int split = 1; split < length; split += 1 + length / 60) {
                byte[] frames = frames(connection, connection.newStream(), method, payload);
                connection.write(java.util.Arrays.copyOf(frames, Math.min(split, frames.length)));
                // An answered call means that the server has read what came before it, unless a frame is cut in two.
                connection.write(java.util.Arrays.copyOfRange(frames, Math.min(split, frames.length), frames.length));
                assertThat(connection.call(GET, get("h").toByteArray()).grpcStatus())
                        .isEqualTo("0");
            }
            assertGoesOn(connection, open);
        }
        await().until(() -> server.services.activeCalls() == 0);
    }

    private static byte[] frames(Http2Connection connection, int stream, String method, byte[] payload) {
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        frames.writeBytes(connection.headers(stream, method, Map.of(), false));
        frames.writeBytes(connection.data(stream, Http2Connection.message(0, payload), true));
        frames.writeBytes(connection.reset(stream, Http2Connection.CANCEL));
        return frames.toByteArray();
    }

    /** Opens a training stream and returns its number once the server has opened it too. */
    private static int openTraining(Http2Connection connection) throws IOException {
        int stream = connection.newStream();
        connection.write(
                connection.headers(stream, TrainingServiceGrpc.getTrainMethod().getFullMethodName(), Map.of(), false));
        connection.write(
                connection.data(stream, Http2Connection.message(0, open("h").toByteArray()), false));
        assertThat(connection.call(GET, get("h").toByteArray()).grpcStatus()).isEqualTo("0");
        return stream;
    }

    private static void assertGoesOn(Http2Connection connection, int training) throws IOException {
        assertThat(connection.call(GET, get("h").toByteArray()).grpcStatus()).isEqualTo("0");
        connection.write(connection.data(training, new byte[0], true));
        assertThat(connection.reply(training).grpcStatus()).isIn("0", "10");
    }
}
