// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Errors.refusedWith;
import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.text;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.rpc.Status;
import dev.reservoir.heads.Reason;
import dev.reservoir.server.rpc.StatusMapper;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.PredictStreamResponse;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import dev.reservoir.v1.WatchHeadRequest;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TransportTest {
    private static final String PREDICT = "reservoir.v1.InferenceService/Predict";
    private static final String PREDICT_STREAM = "reservoir.v1.InferenceService/PredictStream";

    private TestServer server;
    private RawClient raw;

    @BeforeAll
    void start() {
        server = TestServer.start();
        raw = new RawClient(server.vertx, server.port());
        HeadServiceGrpc.newBlockingStub(server.channel()).createHead(create("h", textHead("a", "b")));
    }

    @AfterAll
    void stop() {
        raw.close();
        server.close();
    }

    private static void assertRefused(Reason reason, RawClient.Answer answer) throws Exception {
        assertThat(answer.httpStatus()).isEqualTo(200);
        assertThat(answer.grpcStatus())
                .isEqualTo(Integer.toString(StatusMapper.code(reason).getNumber()));
        Errors.info(
                reason,
                Status.parseFrom(Base64.getDecoder().decode(answer.headers().get("grpc-status-details-bin"))));
    }

    private void assertAlive() {
        assertThat(InferenceServiceGrpc.newBlockingStub(server.channel())
                        .predict(predict(text("still alive"), "h"))
                        .getPredictionsCount())
                .isEqualTo(1);
    }

    @Test
    void garbageIsRefusedAndTheConnectionLives() throws Exception {
        SplittableRandom random = new SplittableRandom(11);
        for (int i = 0; i < 200; i++) {
            byte[] garbage = new byte[1 + random.nextInt(300)];
            random.nextBytes(garbage);
            // Field 31 with wire type 7, which does not exist: no message begins with it.
            garbage[0] = (byte) 0xFF;
            assertRefused(Reason.INVALID_FIELD, raw.call(PREDICT, RawClient.frame(0, garbage), Map.of()));
            assertRefused(Reason.INVALID_FIELD, raw.callUnended(PREDICT_STREAM, RawClient.frame(0, garbage), Map.of()));
        }
        assertAlive();
        await().until(() -> server.services.activeCalls() == 0);
    }

    @Test
    void anyBytesAtAllEndInAStatus() {
        SplittableRandom random = new SplittableRandom(12);
        byte[] good = predict(text("good text"), "h").toByteArray();
        for (int i = 0; i < 300; i++) {
            byte[] payload = good.clone();
            for (int flips = random.nextInt(4); flips >= 0; flips--) {
                payload[random.nextInt(payload.length)] ^= (byte) (1 << random.nextInt(8));
            }
            // A flipped bit may turn the request into one that waits for a sequence number.
            Map<String, String> timeout = Map.of("grpc-timeout", "200m");
            assertThat(raw.call(PREDICT, RawClient.frame(0, payload), timeout).grpcStatus())
                    .isIn("0", "3", "4", "5");
        }
        assertAlive();
    }

    @Test
    void numberOfRequestsOfAUnaryCallIsChecked() throws Exception {
        byte[] good = predict(text("good text"), "h").toByteArray();
        assertRefused(Reason.STREAM_ORDER, raw.call(PREDICT, Buffer.buffer(), Map.of()));
        Buffer twice = RawClient.frame(0, good).appendBuffer(RawClient.frame(0, good));
        assertRefused(Reason.STREAM_ORDER, raw.call(PREDICT, twice, Map.of()));
    }

    @Test
    void compressedMessagesAreReadWithinTheLimit() throws Exception {
        byte[] good = gzip(predict(text("good text"), "h").toByteArray());
        assertThat(raw.call(PREDICT, RawClient.frame(1, good), Map.of("grpc-encoding", "gzip"))
                        .grpcStatus())
                .isEqualTo("0");
        byte[] bomb = gzip(new byte[64 << 20]);
        assertThat(bomb.length).isLessThan(1 << 20);
        assertRefused(Reason.TOO_LARGE, raw.call(PREDICT, RawClient.frame(1, bomb), Map.of("grpc-encoding", "gzip")));
        assertRefused(
                Reason.INVALID_FIELD,
                raw.call(PREDICT, RawClient.frame(1, new byte[] {1, 2, 3}), Map.of("grpc-encoding", "gzip")));
        RawClient.Answer unknown = raw.call(PREDICT, RawClient.frame(1, good), Map.of("grpc-encoding", "snappy"));
        assertRefused(Reason.UNIMPLEMENTED, unknown);
        assertThat(unknown.headers()).containsEntry("grpc-accept-encoding", "identity,gzip");
        assertRefused(Reason.INVALID_FIELD, raw.call(PREDICT, RawClient.frame(1, good), Map.of()));
        assertAlive();
    }

    private static byte[] gzip(byte[] bytes) throws Exception {
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(zipped)) {
            out.write(bytes);
        }
        return zipped.toByteArray();
    }

    @Test
    void oversizeMessageIsRefusedWithTheLimit() {
        PredictRequest large = predict(text("x".repeat(9 << 20)), "h");
        assertThat(refusedWith(
                                Reason.TOO_LARGE,
                                () -> InferenceServiceGrpc.newBlockingStub(server.channel())
                                        .predict(large))
                        .getMetadataMap())
                .containsEntry("limit", Integer.toString(8 << 20));
        assertAlive();
    }

    @Test
    void unknownMethodsAndOtherContentAreRefused() {
        MethodDescriptor<PredictRequest, dev.reservoir.v1.PredictResponse> unknown =
                InferenceServiceGrpc.getPredictMethod().toBuilder()
                        .setFullMethodName("reservoir.v1.InferenceService/Guess")
                        .build();
        assertThatThrownBy(() -> ClientCalls.blockingUnaryCall(
                        server.channel(), unknown, CallOptions.DEFAULT, PredictRequest.getDefaultInstance()))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        failure ->
                                assertThat(failure.getStatus().getCode()).isEqualTo(io.grpc.Status.Code.UNIMPLEMENTED));
        Map<String, String> html = Map.of("content-type", "text/html");
        assertThat(raw.call(PREDICT, Buffer.buffer("<html>"), html).httpStatus())
                .isEqualTo(415);
        Map<String, String> web = Map.of("content-type", "application/grpc-web");
        assertThat(raw.call(PREDICT, Buffer.buffer(), web).httpStatus()).isEqualTo(415);
        Map<String, String> json = Map.of("content-type", "application/grpc+json");
        assertThat(raw.call(PREDICT, RawClient.frame(0, "{}".getBytes(StandardCharsets.UTF_8)), json)
                        .grpcStatus())
                .isEqualTo("3");
    }

    @Test
    void bytesThatAreNoHttpCloseTheirConnectionOnly() throws Exception {
        for (String nonsense :
                List.of("\0\0\0\0\0\0\0\0\0", "GET nothing\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")) {
            try (Socket socket = new Socket("127.0.0.1", server.port())) {
                socket.setSoTimeout(5_000);
                socket.getOutputStream().write(nonsense.getBytes(StandardCharsets.ISO_8859_1));
                socket.getOutputStream().flush();
                socket.shutdownOutput();
                byte[] rest = socket.getInputStream().readAllBytes();
                assertThat(rest.length).isLessThan(10_000);
            }
        }
        assertAlive();
    }

    @Test
    void streamThatIsNotReadLeavesOthersOfItsConnectionAlone() {
        HttpClientRequest silent = raw.open(PREDICT_STREAM, Map.of());
        HttpClientResponse[] unread = new HttpClientResponse[1];
        silent.response().onSuccess(response -> {
            response.pause();
            unread[0] = response;
        });
        String[] heads = IntStream.range(0, 30).mapToObj(i -> "h").toArray(String[]::new);
        int count = 2_000;
        int sequences = server.substrate.sequences();
        for (int i = 0; i < count; i++) {
            byte[] message = PredictStreamRequest.newBuilder()
                    .setId(i)
                    .setRequest(predict(text("unread " + i + " text"), heads))
                    .build()
                    .toByteArray();
            silent.write(RawClient.frame(0, message));
        }
        silent.end();
        // Each answered call on the same connection means that its event loop has come round; ten without progress are
        // a stop.
        byte[] request = predict(text("a lively one"), "h").toByteArray();
        int taken = 0;
        for (int quiet = 0; quiet < 10; ) {
            assertThat(raw.call(PREDICT, RawClient.frame(0, request), Map.of()).grpcStatus())
                    .isEqualTo("0");
            int now = server.substrate.sequences() - sequences;
            boolean still = now == taken && now > 1 && server.engine.status().queuedServing() == 0;
            quiet = still ? quiet + 1 : 0;
            taken = now;
        }
        assertThat(taken).isLessThan(count / 2);

        CountDownLatch ended = new CountDownLatch(1);
        unread[0].endHandler(unused -> ended.countDown());
        unread[0].resume();
        await().until(() -> ended.getCount() == 0);
        assertThat(server.substrate.sequences() - sequences).isEqualTo(count + 1);
    }

    @Test
    void cutConnectionsLeaveNoCallBehind() throws Exception {
        try (CuttableProxy proxy = new CuttableProxy(server.port())) {
            CountDownLatch gate = server.blockPasses();
            List<Replies<?, ?>> replies = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                io.grpc.ManagedChannel channel = server.channelTo(proxy.port());
                Replies<PredictStreamRequest, PredictStreamResponse> stream = Replies.reading();
                StreamObserver<PredictStreamRequest> requests =
                        InferenceServiceGrpc.newStub(channel).predictStream(stream);
                requests.onNext(PredictStreamRequest.newBuilder()
                        .setRequest(predict(text("to be cut " + i), "h"))
                        .build());
                Replies<WatchHeadRequest, dev.reservoir.v1.Head> watch = Replies.reading();
                HeadServiceGrpc.newStub(channel)
                        .watchHead(
                                WatchHeadRequest.newBuilder().setName(name("h")).build(), watch);
                Replies<PredictRequest, dev.reservoir.v1.PredictResponse> unary = Replies.reading();
                InferenceServiceGrpc.newStub(channel).predict(predict(text("unary to be cut " + i), "h"), unary);
                replies.addAll(List.of(stream, watch, unary));
            }
            await().until(() -> server.services.activeCalls() == 15);
            proxy.cutNow();
            await().until(() -> server.services.activeCalls() == 0);
            gate.countDown();
            replies.forEach(reply -> assertThat(reply.code()).isEqualTo(io.grpc.Status.Code.UNAVAILABLE));
        }
        assertAlive();
    }

    @Test
    void deadlinesOfAnyUnitAreKept() {
        CountDownLatch gate = server.blockPasses();
        byte[] request = predict(text("too late"), "h").toByteArray();
        for (String timeout : List.of("1n", "900u", "20m")) {
            assertThat(raw.call(PREDICT, RawClient.frame(0, request), Map.of("grpc-timeout", timeout))
                            .grpcStatus())
                    .isEqualTo("4");
        }
        gate.countDown();
        for (String timeout : List.of("99999999H", "30S", "soon")) {
            assertThat(raw.call(PREDICT, RawClient.frame(0, request), Map.of("grpc-timeout", timeout))
                            .grpcStatus())
                    .isEqualTo("0");
        }
    }

    @Test
    void cancellingOftenIsNoFlood() {
        io.grpc.ManagedChannel channel = server.channel();
        for (int i = 0; i < 600; i++) {
            Replies<TrainRequest, TrainResponse> replies = Replies.reading();
            StreamObserver<TrainRequest> requests =
                    TrainingServiceGrpc.newStub(channel).train(replies);
            requests.onNext(open("h"));
            if (i % 50 == 0) {
                replies.next();
            }
            replies.call().cancel("again", null);
        }
        assertThat(InferenceServiceGrpc.newBlockingStub(channel)
                        .predict(predict(text("same connection"), "h"))
                        .getPredictionsCount())
                .isEqualTo(1);
        await().until(() -> server.services.activeCalls() == 0);
    }
}
