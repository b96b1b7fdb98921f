// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import com.google.protobuf.TextFormat;
import dev.reservoir.heads.file.SafetensorsInput;
import dev.reservoir.server.schedule.BatchPolicy;
import dev.reservoir.server.substrate.Precision;
import dev.reservoir.server.substrate.SubstrateOptions;
import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.LabelScore;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.OpenTraining;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The export command against a server on a real substrate. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExportCommandTest {
    private static final String HEAD = "tenants/test/heads/rows";

    @TempDir
    private Path directory;

    private final Random random = new Random(3);
    private RunningServer server;
    private ManagedChannel channel;

    @BeforeAll
    void startAndTrain() throws Exception {
        SubstrateOptions substrate = SubstrateOptions.of("random:minilm").withPrecision(Precision.F32);
        server = RunningServer.start(new ServerOptions(
                ListenAddress.of(loopback(), 0),
                1,
                substrate,
                new CoreOptions(1, BatchPolicy.usual(1).build(), 1 << 20, 10, 1 << 28)));
        channel = NettyChannelBuilder.forTarget(server.grpc().toString())
                .usePlaintext()
                .build();
        Head head = TextFormat.parse(
                "modality { tensor { width: 3 max_rows: 4 } } task { classification { } } "
                        + "learning { fpt { minibatch: 2 learning_rate: 1e-2 } }",
                Head.class);
        HeadServiceGrpc.newBlockingStub(channel)
                .createHead(CreateHeadRequest.newBuilder()
                        .setParent("tenants/test")
                        .setHeadId("rows")
                        .setHead(head)
                        .build());
        CountDownLatch learned = new CountDownLatch(1);
        StreamObserver<TrainRequest> training = TrainingServiceGrpc.newStub(channel)
                .train(new StreamObserver<TrainResponse>() {
                    @Override
                    public void onNext(TrainResponse reply) {}

                    @Override
                    public void onError(Throwable problem) {}

                    @Override
                    public void onCompleted() {
                        learned.countDown();
                    }
                });
        training.onNext(TrainRequest.newBuilder()
                .setOpen(OpenTraining.newBuilder().setHead(HEAD))
                .build());
        for (int i = 1; i <= 12; i++) {
            float[] rows = rows(1 + i % 4);
            training.onNext(TrainRequest.newBuilder()
                    .setExample(Example.newBuilder()
                            .setSequence(i)
                            .setObservation(observation(rows))
                            .setTarget(Target.newBuilder().setLabel(rows[0] > 0 ? "up" : "down")))
                    .build());
        }
        training.onCompleted();
        assertThat(learned.await(60, TimeUnit.SECONDS)).isTrue();
    }

    /** IPv6 if this machine has it: its addresses are the ones that are easily mistyped. */
    private static String loopback() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("::1"))) {
            return "::1";
        } catch (SocketException e) {
            return "127.0.0.1";
        }
    }

    @AfterAll
    void stop() {
        channel.shutdownNow();
        server.close();
    }

    private float[] rows(int count) {
        float[] rows = new float[3 * count];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float) random.nextGaussian();
        }
        return rows;
    }

    private static Observation observation(float[] rows) {
        Matrix.Builder matrix = Matrix.newBuilder().setColumns(3);
        for (float number : rows) {
            matrix.addValues(number);
        }
        return Observation.newBuilder().setTensor(matrix).build();
    }

    /** The output of a run of the command, on both streams, and its exit code. */
    record Run(int exitCode, String out, String err) {}

    private Run export(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command =
                ReservoirServer.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        List<String> all = new ArrayList<>(List.of("export"));
        all.addAll(List.of(arguments));
        return new Run(command.execute(all.toArray(String[]::new)), out.toString(), err.toString());
    }

    private String target() {
        return server.grpc().toString();
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void theHeadsFileAnswersByItselfAsTheServerDoes() throws Exception {
        Path file = directory.resolve("rows.pt");
        Run run = export("--out", file.toString(), "--head", HEAD, "--target", target());
        assertThat(run.err).isEmpty();
        assertThat(run.exitCode).isZero();
        assertThat(run.out)
                .contains("rows.pt", "rows.safetensors", HEAD + " of version ", "after 12 examples, served FPT");
        assertThat(files()).contains("rows.pt", "rows.safetensors").noneMatch(name -> name.endsWith(".part"));
        SafetensorsInput tensors =
                SafetensorsInput.of(ByteBuffer.wrap(Files.readAllBytes(directory.resolve("rows.safetensors"))));
        assertThat(tensors.metadata()).containsEntry("substrate", "random:minilm");
        List<String> labels = List.of(
                tensors.metadata().get("labels").replaceAll("[\\[\\]\"]", "").split(","));
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            JniUtils.setGraphExecutorOptimize(false);
            PtSymbolBlock module = JniUtils.loadModule((PtNDManager) manager, Files.newInputStream(file), false, false);
            for (int count = 1; count <= 4; count++) {
                float[] rows = rows(count);
                PtNDArray array = (PtNDArray) manager.create(rows, new Shape(count, 3));
                float[] scores = IValueUtils.runMethod(
                                module, "forward", IValue.from(array), IValue.listFrom((long) count))
                        .toTensor((PtNDManager) manager)
                        .toFloatArray();
                List<LabelScore> served = InferenceServiceGrpc.newBlockingStub(channel)
                        .predict(PredictRequest.newBuilder()
                                .addHeads(HEAD)
                                .setObservation(observation(rows))
                                .build())
                        .getPredictions(0)
                        .getLabel()
                        .getScoresList();
                assertThat(served).hasSize(2);
                for (LabelScore score : served) {
                    assertThat(new float[] {scores[labels.indexOf(score.getLabel())]})
                            .usingComparatorWithPrecision(1e-4f)
                            .containsExactly(score.getScore());
                }
            }
            module.close();
        }
        Run again = export("--out", file.toString(), "--head", HEAD, "--target", target());
        assertThat(again.exitCode).isEqualTo(2);
        assertThat(again.err).contains("rows.pt (expected: a file that is not there yet, or --force)");
        assertThat(export("--out", file.toString(), "--head", HEAD, "--target", target(), "--force").exitCode)
                .isZero();
    }

    @Test
    void theSubstrateIsWrittenWithoutAServer() throws IOException {
        Path file = directory.resolve("substrate");
        Run run = export("--out", file.toString(), "--substrate", "random:minilm");
        assertThat(run.err).isEmpty();
        assertThat(run.out).contains("substrate random:minilm, 22.6 M parameters");
        SafetensorsInput tensors =
                SafetensorsInput.of(ByteBuffer.wrap(Files.readAllBytes(directory.resolve("substrate.safetensors"))));
        assertThat(tensors.tensors()).hasSize(101);
        assertThat(tensors.metadata()).containsEntry("name", "random:minilm");
        assertThat(Files.size(file)).isBetween(90_000_000L, 92_000_000L);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            nullValues = "-",
            value = {
                "none/x.pt;-;-;-;2;(expected: a file in a directory that exists)",
                ".;-;-;-;2;(expected: a file, for example minilm.pt)",
                "x.safetensors;-;-;-;2;(expected: another ending",
                "x.pt;gpt-5;-;-;2;substrate: gpt-5 (expected: minilm or random:minilm)",
                "x.pt;-;heads/rows;-;2;--head: name: \"heads/rows\" (expected: tenants/{tenant}/heads/{head})",
                "x.pt;-;-;localhost:1;2;--target: localhost:1 (expected: with --head only)",
                "x.pt;-;tenants/test/heads/rows;localhost;2;--target: localhost (expected: HOST:PORT",
                "x.pt;-;tenants/test/heads/rows;localhost:99999;2;--target: localhost:99999 (expected: HOST:PORT",
                "x.pt;-;tenants/test/heads/nobody;HERE;1;NOT_FOUND, name: tenants/test/heads/nobody (expected: a head"
                        + " that exists)",
                "x.pt;minilm;tenants/test/heads/rows;HERE;2;--substrate: minilm (expected: random:minilm, the head's)",
                "x.pt;-;tenants/test/heads/rows;CLOSED;1;cannot be reached",
                "x.pt;-;tenants/test/heads/rows;DEAF;1;cannot be reached: Connection was closed (expected: a reservoir"
                        + " server)",
            })
    void whatGoesWrongIsSaidInOneLineAndLeavesNothing(
            String out, String substrate, String head, String target, int exitCode, String message) throws Exception {
        List<String> before = files();
        List<String> arguments =
                new ArrayList<>(List.of("--out", directory.resolve(out).toString()));
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            if (substrate != null) {
                arguments.addAll(List.of("--substrate", substrate));
            }
            if (head != null) {
                arguments.addAll(List.of("--head", head));
            }
            if (target != null) {
                String address = "127.0.0.1:" + socket.getLocalPort();
                arguments.addAll(List.of(
                        "--target",
                        target.replace("HERE", target())
                                .replace("DEAF", address)
                                .replace("CLOSED", address)));
                if (target.equals("CLOSED")) {
                    socket.close();
                } else if (target.equals("DEAF")) {
                    hangUpOnce(socket);
                }
            }
            Run run = export(arguments.toArray(String[]::new));
            assertThat(run.err).contains(message);
            assertThat(run.err.lines()).hasSize(1);
            assertThat(run.exitCode).isEqualTo(exitCode);
        }
        assertThat(files()).isEqualTo(before);
    }

    private static void hangUpOnce(ServerSocket socket) {
        Thread thread = new Thread(() -> {
            try {
                socket.accept().close();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Test
    void helpListsOptionsAndExitCodes() {
        Run help = export("--help");
        assertThat(help.exitCode).isZero();
        assertThat(help.out).contains("--out=FILE", "--head=NAME", "--target=HOST:PORT", "--force", "Exit codes:");
    }
}
