// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.GetSubstrateRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.OpenTraining;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import dev.reservoir.v1.SubstrateServiceGrpc;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TextModality;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server as its operator runs it: a process of its own on the real substrate. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProcessTest {
    @TempDir
    private Path directory;

    private final List<Process> processes = new ArrayList<>();
    private final List<ManagedChannel> channels = new ArrayList<>();

    @AfterEach
    void end() throws InterruptedException {
        for (ManagedChannel channel : channels) {
            channel.shutdownNow();
        }
        for (Process process : processes) {
            process.destroyForcibly().waitFor();
        }
    }

    private Process start(String... arguments) throws IOException {
        return start(List.of(), Map.of(), arguments);
    }

    private Process start(List<String> jvmOptions, Map<String, String> environment, String... arguments)
            throws IOException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-Dlogback.configurationFile=logback.xml"));
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", classPath, Launcher.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectError(directory.resolve("log").toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    private String log() throws IOException {
        return Files.readString(directory.resolve("log"));
    }

    private static BufferedReader output(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    private ManagedChannel connect(Process process) throws IOException {
        String ready = output(process).readLine();
        assertThat(ready).as("log: %s", log()).matches("reservoir-server ready grpc=127\\.0\\.0\\.1:\\d+");
        int port = Integer.parseInt(ready.substring(ready.lastIndexOf(':') + 1));
        ManagedChannel channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        channels.add(channel);
        return channel;
    }

    private static Observation text(String text) {
        return Observation.newBuilder().setText(text).build();
    }

    private static void createHead(ManagedChannel channel) {
        HeadServiceGrpc.newBlockingStub(channel)
                .createHead(CreateHeadRequest.newBuilder()
                        .setParent("tenants/test")
                        .setHeadId("mood")
                        .setHead(Head.newBuilder()
                                .setModality(Modality.newBuilder().setText(TextModality.getDefaultInstance()))
                                .setTask(Task.newBuilder()
                                        .setClassification(dev.reservoir.v1.Classification.getDefaultInstance())))
                        .build());
    }

    private static Example example(long sequence, String text, String label) {
        return Example.newBuilder()
                .setSequence(sequence)
                .setObservation(text(text))
                .setTarget(Target.newBuilder().setLabel(label))
                .build();
    }

    private static final class Replies implements StreamObserver<TrainResponse> {
        private final CountDownLatch ended = new CountDownLatch(1);
        private final CountDownLatch learned = new CountDownLatch(1);
        private final long until;
        volatile long appliedThrough;
        volatile Status status = Status.OK;

        Replies(long until) {
            this.until = until;
        }

        @Override
        public void onNext(TrainResponse reply) {
            if (reply.hasProgress()) {
                appliedThrough = reply.getProgress().getAppliedThrough();
                if (appliedThrough >= until) {
                    learned.countDown();
                }
            }
        }

        @Override
        public void onError(Throwable problem) {
            status = Status.fromThrowable(problem);
            ended.countDown();
        }

        @Override
        public void onCompleted() {
            ended.countDown();
        }
    }

    @Test
    void learnsAndServesOnTheRealSubstrateAndStopsInTheMiddleOfWork() throws Exception {
        Process process = start("serve", "--port", "0");
        ManagedChannel channel = connect(process);
        assertThat(SubstrateServiceGrpc.newBlockingStub(channel).getSubstrate(GetSubstrateRequest.getDefaultInstance()))
                .satisfies(substrate -> {
                    assertThat(substrate.getName()).isEqualTo("minilm");
                    assertThat(substrate.getDigest()).matches("[0-9a-f]{64}");
                    assertThat(substrate.getCoBatchingIdentical()).isTrue();
                    assertThat(substrate.getProcessResidentBytes()).isGreaterThan(substrate.getWeightBytes());
                });
        createHead(channel);

        Replies replies = new Replies(40);
        StreamObserver<TrainRequest> training =
                TrainingServiceGrpc.newStub(channel).train(replies);
        training.onNext(TrainRequest.newBuilder()
                .setOpen(OpenTraining.newBuilder().setHead("tenants/test/heads/mood"))
                .build());
        for (int i = 1; i <= 200; i++) {
            boolean happy = i % 2 == 0;
            String words = happy ? "a lovely happy wonderful day " : "an awful sad terrible night ";
            training.onNext(TrainRequest.newBuilder()
                    .setExample(example(i, words + i, happy ? "good" : "bad"))
                    .build());
        }
        assertThat(replies.learned.await(60, TimeUnit.SECONDS)).isTrue();
        PredictResponse answer = InferenceServiceGrpc.newBlockingStub(channel)
                .predict(PredictRequest.newBuilder()
                        .addHeads("tenants/test/heads/mood")
                        .setObservation(text("what a pleasant and cheerful morning"))
                        .setMinAppliedSequence(40)
                        .build());
        assertThat(answer.getPredictions(0).getLabel().getLabel()).isEqualTo("good");

        process.destroy(); // SIGTERM, with examples still queued
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("log: %s", log()).isTrue();
        assertThat(process.exitValue())
                .as("ended by SIGTERM, not by a crash: %s", log())
                .isEqualTo(143);
        assertThat(replies.ended.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(log()).contains("Stopped").doesNotContain("ERROR", "SIGSEGV");
        assertThat(Files.list(directory)
                        .filter(file -> file.getFileName().toString().startsWith("hs_err")))
                .isEmpty();
    }

    @Test
    void refusesWhatItCannotStartWithInOneLine() throws Exception {
        assertThat(failure("serve", "--substrate", "gpt-5")).contains("substrate: gpt-5 (expected: minilm");
        assertThat(failure("serve", "--host", "0.0.0.0")).contains("--host: 0.0.0.0 (expected: a loopback address");
        assertThat(failure("serve", "--port", "70000")).contains("--port: 70000 (expected: 0 to 65535)");
        assertThat(failure("serve", "--training-share", "NaN")).contains("--training-share: NaN (expected: 0 to 1)");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            assertThat(failure("serve", "--port", Integer.toString(taken.getLocalPort())))
                    .contains("--port: " + taken.getLocalPort(), "expected: a free port");
        }
    }

    @Test
    void optionsThatCannotBeReadAreRefusedInOneLine() throws Exception {
        assertThat(failure("serve", "--port", "abc"))
                .isEqualTo("serve: --port: abc (expected: a whole number); see reservoir-server serve --help");
        assertThat(failure("serve", "--host", "")).startsWith("serve: --host: \"\" (expected: a loopback address");
        assertThat(failure("frobnicate")).contains("frobnicate");
    }

    @Test
    void aMissingRequirementOfTheMachineIsReportedInOneLine() throws Exception {
        Map<String, String> none = Map.of();
        assertThat(failure(1, List.of("-Xmx24m"), none, "serve", "--port", "0"))
                .startsWith("serve: memory: ")
                .contains("with a heap of at most 24 MiB (expected: ");
        assertThat(failure(1, List.of("-Dos.arch=aarch64"), none, "serve", "--port", "0"))
                .startsWith("serve: platform: Linux on aarch64 (expected: Linux on x86-64");
        Path file = Files.createFile(directory.resolve("file"));
        Map<String, String> cache =
                Map.of("DJL_CACHE_DIR", file.resolve("cache").toString());
        assertThat(failure(1, List.of(), cache, "serve", "--port", "0"))
                .startsWith("serve: folder for native libraries: " + file.resolve("cache") + ": not a directory");
        String out = directory.resolve("minilm.pt").toString();
        assertThat(failure(1, List.of(), cache, "export", "--out", out))
                .startsWith("export: folder for native libraries: " + file.resolve("cache") + ": not a directory");
        assertThat(Path.of(out)).doesNotExist();
    }

    private String failure(String... arguments) throws Exception {
        return failure(2, List.of(), Map.of(), arguments);
    }

    /** The one line that a command ends with which does not start. */
    private String failure(int exitCode, List<String> jvmOptions, Map<String, String> environment, String... arguments)
            throws Exception {
        Process process = start(jvmOptions, environment, arguments);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as("log: %s", log()).isEqualTo(exitCode);
        assertThat(log().lines()).hasSize(1);
        return log().strip();
    }

    @Test
    void helpNamesEverySubcommand() throws Exception {
        Process process = start("--help");
        String help = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(help).contains("serve", "export", "help");
    }
}
