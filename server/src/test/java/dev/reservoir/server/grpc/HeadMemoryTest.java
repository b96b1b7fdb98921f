// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Errors.info;
import static dev.reservoir.server.grpc.Errors.refusedWith;
import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.label;
import static dev.reservoir.server.grpc.Messages.matrix;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.rpc.ErrorInfo;
import dev.reservoir.heads.Reason;
import dev.reservoir.server.memory.MemoryBudget;
import dev.reservoir.server.memory.ServerMemory;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.EmbedRequest;
import dev.reservoir.v1.EmbedResponse;
import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.GetSubstrateRequest;
import dev.reservoir.v1.Gradient;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.HeadServiceGrpc.HeadServiceBlockingStub;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.MemoryUse;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.RecursiveLeastSquares;
import dev.reservoir.v1.Refusal;
import dev.reservoir.v1.SubstrateServiceGrpc;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TensorModality;
import dev.reservoir.v1.TrainRequest;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Heads and encoders of all tenants draw on bounded memory. */
class HeadMemoryTest {
    private static final long MIB = 1 << 20;

    private TestServer server;
    private TestClient client;

    @AfterEach
    void stop() {
        server.close();
        // Once nothing is left, nothing is reserved.
        assertThat(server.memory.heads().usedBytes()).isZero();
        assertThat(server.memory.outside().usedBytes()).isZero();
    }

    private void start(long headBytes, long nativeBytes) {
        server = TestServer.startWith(new ServerMemory(
                new MemoryBudget("heap", 64 * MIB, "java -Xmx"),
                new MemoryBudget("heap", headBytes, "java -Xmx"),
                new MemoryBudget("native memory", nativeBytes, "--native-memory-mib")));
        client = new TestClient(server);
    }

    private static Head wide(int width, Learning.Builder learning, String... labels) {
        return Head.newBuilder()
                .setModality(tensor(width))
                .setTask(Task.newBuilder()
                        .setClassification(Classification.newBuilder().addAllLabels(List.of(labels))))
                .setEncoder(Encoder.newBuilder().setInputSkip(Encoder.InputSkip.WITH_INPUT))
                .setLearning(learning)
                .build();
    }

    private static Modality tensor(int width) {
        return Modality.newBuilder()
                .setTensor(TensorModality.newBuilder().setWidth(width))
                .build();
    }

    private static Learning.Builder squares() {
        return Learning.newBuilder().setLeastSquares(RecursiveLeastSquares.getDefaultInstance());
    }

    private static Learning.Builder gradient() {
        return Learning.newBuilder().setGradient(Gradient.getDefaultInstance());
    }

    private static String tenant(long number) {
        return "tenants/t" + number;
    }

    private static CreateHeadRequest of(long tenant, Head head) {
        return CreateHeadRequest.newBuilder()
                .setParent(tenant(tenant))
                .setHeadId("wide")
                .setHead(head)
                .build();
    }

    private void delete(String head) {
        client.heads.deleteHead(DeleteHeadRequest.newBuilder().setName(head).build());
    }

    /** Creates heads of one tenant each until one is refused; returns how many there are and why no more. */
    private ErrorInfo createUntilRefused(Head head, List<String> created) {
        while (true) {
            try {
                created.add(client.heads.createHead(of(created.size(), head)).getName());
            } catch (StatusRuntimeException failure) {
                return info(Reason.MEMORY_LIMIT, failure);
            }
        }
    }

    private void assertRefusedThenGivenBackToTheByte(Head head, String owner, String memory, String setting) {
        List<String> created = new ArrayList<>();
        ErrorInfo why = createUntilRefused(head, created);
        assertThat(created).hasSizeBetween(3, 100);
        assertThat(why.getMetadataMap())
                .containsEntry("owner", owner)
                .containsEntry("memory", memory)
                .containsEntry("setting", setting);
        long asked = Long.parseLong(why.getMetadataOrThrow("bytes"));
        assertThat(Long.parseLong(why.getMetadataOrThrow("bytes_left"))).isBetween(0L, asked - 1);

        // The room of one head is the room of the next one.
        long used = used();
        delete(created.remove(created.size() - 1));
        created.add(client.heads.createHead(of(1_000, head)).getName());
        assertThat(used()).isEqualTo(used);
        created.forEach(this::delete);
        assertThat(used()).isZero();
    }

    private long used() {
        return server.memory.heads().usedBytes() + server.memory.outside().usedBytes();
    }

    @Test
    void tenantsCreateHeadsOfLeastSquaresUntilNativeMemoryIsLent() {
        start(256 * MIB, 64 * MIB);
        assertRefusedThenGivenBackToTheByte(
                wide(1_000, squares()), "inverse covariances", "native memory", "--native-memory-mib");
    }

    @Test
    void tenantsCreateGradientHeadsUntilTheHeapIsLent() {
        start(8 * MIB, MIB);
        String[] labels = IntStream.range(0, 60).mapToObj(i -> "label " + i).toArray(String[]::new);
        assertRefusedThenGivenBackToTheByte(wide(500, gradient(), labels), "heads", "heap", "java -Xmx");
    }

    @Test
    void tenantsCreateFptHeadsUntilTheHeapIsLent() {
        start(4 * MIB, MIB);
        Head head = wide(1_000, Learning.newBuilder().setFpt(Fpt.getDefaultInstance())).toBuilder()
                .setKind(Head.Kind.FPT)
                .clearEncoder()
                .build();
        assertRefusedThenGivenBackToTheByte(head, "heads", "heap", "java -Xmx");
    }

    @Test
    void concurrentCreationsNeverOverdraw() throws Exception {
        start(256 * MIB, 20 * MIB);
        int count = 16;
        ExecutorService threads = Executors.newFixedThreadPool(count);
        try {
            CountDownLatch together = new CountDownLatch(1);
            List<Future<Boolean>> creations = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                CreateHeadRequest request = of(i, wide(1_000, squares()));
                HeadServiceBlockingStub stub = HeadServiceGrpc.newBlockingStub(client.channel);
                creations.add(threads.submit(() -> {
                    together.await();
                    try {
                        stub.createHead(request);
                        return true;
                    } catch (StatusRuntimeException refused) {
                        info(Reason.MEMORY_LIMIT, refused);
                        return false;
                    }
                }));
            }
            together.countDown();
            int made = 0;
            for (Future<Boolean> one : creations) {
                made += one.get() ? 1 : 0;
            }
            // 4.7 MB each.
            assertThat(made).isEqualTo(4);
            assertThat(server.memory.outside().usedBytes()).isLessThanOrEqualTo(20 * MIB);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aThousandHeadsOfDistinctWidthsInTurnLeaveWhatThereWas() {
        start(64 * MIB, 64 * MIB);
        client.heads.createHead(create("first", wide(7, squares())));
        long before = used();
        for (int width = 1; width <= 1_000; width++) {
            Head head = wide(width, width % 4 == 0 ? squares() : gradient());
            client.heads.createHead(create("cycle", head));
            Training training = client.training();
            training.opened(open("cycle"));
            for (int n = 1; n <= (width % 50 == 0 ? 40 : 1); n++) {
                float[] values = new float[width];
                values[n % width] = n;
                training.send(example(n, matrix(width, values), label("label " + n % 3)));
            }
            training.finish();
            delete(name("cycle"));
        }
        await().until(() -> used() == before);
    }

    @Test
    void aHeadThatOutgrowsTheMemoryIsRefusedByNameAndGoesOnServing() {
        start(MIB, MIB);
        String[] labels = IntStream.range(0, 30).mapToObj(i -> "label " + i).toArray(String[]::new);
        client.heads.createHead(create("neighbour", wide(600, gradient(), labels)));
        client.heads.createHead(create("grows", wide(600, gradient())));
        Training training = client.training();
        training.opened(open("grows"));
        LongFunction<TrainRequest> next = n -> example(n, matrix(600, new float[600]), label("label " + n));
        for (long n = 1; n <= 60; n++) {
            training.send(next.apply(n));
        }
        List<Refusal> refusals = training.readUntil(60);
        assertThat(refusals).hasSizeBetween(1, 59).allSatisfy(refusal -> {
            ErrorInfo why = info(Reason.MEMORY_LIMIT, refusal.getStatus());
            assertThat(why.getMetadataMap()).containsEntry("owner", "heads");
            assertThat(refusal.getStatus().getMessage()).startsWith(name("grows") + ": heads: ");
        });
        Head head = client.get("grows");
        assertThat(head.getState()).isEqualTo(Head.State.ACTIVE);
        assertThat(head.getLabelsCount()).isEqualTo(60 - refusals.size());
        // What needs no more memory is learned, and predictions are answered.
        training.send(example(61, matrix(600, new float[600]), label("label 1")));
        assertThat(training.readUntil(61)).isEmpty();
        assertThat(client.inference
                        .predict(Messages.predict(matrix(600, new float[600]), "grows"))
                        .getPredictions(0)
                        .hasLabel())
                .isTrue();
        training.finish();
        delete(name("grows"));
        delete(name("neighbour"));
        await().until(() -> used() == 0);
    }

    @Test
    void aHeadThatCouldNeverFitIsRefusedAtOnce() {
        start(64 * MIB, MIB);
        ErrorInfo why = refusedWith(
                Reason.MEMORY_LIMIT, () -> client.heads.createHead(create("never", wide(1_000, squares()))));
        assertThat(why.getMetadataMap())
                .containsEntry("owner", "inverse covariances")
                .containsEntry("limit", Long.toString(MIB));
        assertThat(used()).isZero();
    }

    @Test
    void embeddingAThousandWidthsStaysBoundedAndLeavesNothing() {
        start(4 * MIB, MIB);
        Replies<EmbedRequest, EmbedResponse> replies = Replies.reading();
        StreamObserver<EmbedRequest> requests =
                SubstrateServiceGrpc.newStub(client.channel).embed(replies);
        for (int width = 1; width <= 1_000; width++) {
            requests.onNext(EmbedRequest.newBuilder()
                    .setId(width)
                    .setParent("tenants/acme")
                    .setModality(tensor(width))
                    .setObservation(matrix(width, new float[width]))
                    .build());
            assertThat(replies.next().hasFeatures()).isTrue();
            assertThat(server.accounts.encoders().usedBytes()).isLessThan(MIB);
        }
        assertThat(server.accounts.encoders().usedBytes()).isPositive();
        requests.onCompleted();
        replies.rest();
        await().until(() -> server.accounts.encoders().usedBytes() == 0);
    }

    @Test
    void anEncoderForWhichThereIsNoMemoryIsRefusedInTheStream() {
        start(512 << 10, MIB);
        Replies<EmbedRequest, EmbedResponse> replies = Replies.reading();
        StreamObserver<EmbedRequest> requests =
                SubstrateServiceGrpc.newStub(client.channel).embed(replies);
        for (int width : new int[] {1_000, 3}) {
            requests.onNext(EmbedRequest.newBuilder()
                    .setParent("tenants/acme")
                    .setModality(tensor(width))
                    .setObservation(matrix(width, new float[width]))
                    .build());
        }
        List<EmbedResponse> answers = List.of(replies.next(), replies.next());
        requests.onCompleted();
        replies.rest();
        assertThat(answers).filteredOn(EmbedResponse::hasFeatures).hasSize(1);
        assertThat(answers)
                .filteredOn(EmbedResponse::hasError)
                .singleElement()
                .satisfies(answer -> assertThat(
                                info(Reason.MEMORY_LIMIT, answer.getError()).getMetadataMap())
                        .containsEntry("owner", "encoders"));
    }

    @Test
    void theSubstrateReportsWhatHeadsAndEncodersReserve() {
        start(64 * MIB, 64 * MIB);
        client.heads.createHead(create("one", wide(1_000, squares())));
        List<MemoryUse> uses = SubstrateServiceGrpc.newBlockingStub(client.channel)
                .getSubstrate(GetSubstrateRequest.getDefaultInstance())
                .getMemoryList();
        for (String owner : List.of("heads", "encoders", "inverse covariances")) {
            assertThat(uses)
                    .filteredOn(use -> use.getOwner().equals(owner))
                    .singleElement()
                    .satisfies(use -> assertThat(use.getBytes()).isBetween(1L, use.getLimitBytes()));
        }
    }
}
