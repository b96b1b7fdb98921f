// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import dev.reservoir.server.schedule.BatchPolicy;
import dev.reservoir.server.startup.StartFailure;
import dev.reservoir.server.substrate.Precision;
import dev.reservoir.server.substrate.SubstrateOptions;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the server until it is stopped. */
@Command(
        name = "serve",
        description = "Runs the server until it is stopped (Ctrl-C or SIGTERM).",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        showDefaultValues = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0 or 143:It was stopped.",
            "1:This machine lacks memory, disk space or a library, or the server failed.",
            "2:An option is wrong, or its port is in use."
        })
final class ServeCommand implements Callable<Integer> {
    private static final long MILLI = 1_000_000;
    private static final CoreOptions USUAL = CoreOptions.usual();

    @Spec
    private CommandSpec spec;

    @Option(names = "--host", paramLabel = "ADDRESS", description = "Loopback address, or a name of one, to listen on.")
    private String host = "127.0.0.1";

    @Option(names = "--port", paramLabel = "N", description = "Port for gRPC; 0 takes a free one.")
    private int port = 50051;

    @Option(
            names = "--substrate",
            paramLabel = "NAME",
            description = "minilm, or random:minilm for the same shape with random frozen weights.")
    private String substrate = "minilm";

    @Option(
            names = "--precision",
            paramLabel = "P",
            description = "auto, f32 or bf16: numbers inside the substrate; auto measures.")
    private String precision = "auto";

    @Option(names = "--device", paramLabel = "D", description = "auto, cpu or cuda:N.")
    private String device = "auto";

    @Option(
            names = "--lanes",
            paramLabel = "N",
            description = "Threads that run batches; 0 takes one a core, at most 8.")
    private int lanes;

    @Option(names = "--lane-threads", paramLabel = "N", description = "Threads inside one product of a lane.")
    private int laneThreads = 1;

    @Option(names = "--event-loops", paramLabel = "N", description = "Threads that decode and encode messages.")
    private int eventLoops = 2;

    @Option(names = "--batch-tokens", paramLabel = "N", description = "Most substrate tokens in a batch.")
    private int batchTokens = USUAL.batches().batchTokens();

    @Option(names = "--batch-items", paramLabel = "N", description = "Most observations in a serving batch.")
    private int batchItems = USUAL.batches().batchItems();

    @Option(
            names = "--batch-delay-micros",
            paramLabel = "N",
            description =
                    "How long an observation may wait for others to join its batch; with 0 only for the next requests"
                            + " of a batch that was just answered.")
    private long batchDelayMicros;

    @Option(
            names = "--training-share",
            paramLabel = "X",
            description = "Share of tokens that training keeps while serving waits too, 0 to 1.")
    private double trainingShare = USUAL.batches().trainingShare();

    @Option(
            names = "--training-lanes",
            paramLabel = "N",
            description = "Most lanes that train at once while serving is active and not light; 0 leaves one lane free"
                    + " if there are several.")
    private int trainingLanes;

    @Option(
            names = "--training-step-millis",
            paramLabel = "N",
            description =
                    "How long a training batch should take; 0 takes 100. It pauses for observations between its parts.")
    private int trainingStepMillis;

    @Option(
            names = "--feature-cache-mib",
            paramLabel = "N",
            description = "Bound of the feature cache; 0 switches it off.")
    private int featureCacheMib = (int) (USUAL.featureCacheBytes() >> 20);

    @Option(names = "--max-heads", paramLabel = "N", description = "Most heads this server holds.")
    private int maxHeads = USUAL.maxHeads();

    @Option(
            names = "--native-memory-mib",
            paramLabel = "N",
            description =
                    "Most memory outside the Java heap that heads may take, for inverse covariances; 0 takes half of"
                            + " what the heap leaves of the machine's memory, or of its control group's limit. The heap"
                            + " itself is set with java -Xmx.")
    private int nativeMemoryMib;

    @Override
    public Integer call() throws InterruptedException {
        long began = System.nanoTime();
        ServerOptions options = options();
        PrintWriter out = spec.commandLine().getOut();
        CountDownLatch stopped = new CountDownLatch(1);
        RunningServer server = StartFailure.checkingMemory(() -> RunningServer.start(options));
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            server.close();
                            stopped.countDown();
                        },
                        "stop"));
        out.println("reservoir-server ready grpc=" + server.grpc());
        out.flush();
        server.announce((System.nanoTime() - began) / MILLI);
        stopped.await();
        return 0;
    }

    private ServerOptions options() {
        ListenAddress address = ListenAddress.of(host, port);
        check(lanes >= 0 && lanes <= 256, "--lanes", lanes, "0 to 256");
        check(laneThreads >= 1 && laneThreads <= 256, "--lane-threads", laneThreads, "1 to 256");
        check(eventLoops >= 1 && eventLoops <= 64, "--event-loops", eventLoops, "1 to 64");
        check(batchTokens >= 1 && batchTokens <= 1 << 20, "--batch-tokens", batchTokens, "1 to 1048576");
        check(batchItems >= 1 && batchItems <= 16_384, "--batch-items", batchItems, "1 to 16384");
        check(
                batchDelayMicros >= 0 && batchDelayMicros <= 1_000_000,
                "--batch-delay-micros",
                batchDelayMicros,
                "0 to 1000000");
        check(trainingShare >= 0 && trainingShare <= 1, "--training-share", trainingShare, "0 to 1");
        check(
                trainingStepMillis >= 0 && trainingStepMillis <= 10_000,
                "--training-step-millis",
                trainingStepMillis,
                "0 to 10000");
        check(
                featureCacheMib >= 0 && featureCacheMib <= 1 << 20,
                "--feature-cache-mib",
                featureCacheMib,
                "0 to 1048576");
        check(maxHeads >= 1 && maxHeads <= 1_000_000, "--max-heads", maxHeads, "1 to 1000000");
        check(
                nativeMemoryMib >= 0 && nativeMemoryMib <= 1 << 24,
                "--native-memory-mib",
                nativeMemoryMib,
                "0 to 16777216");
        int laneCount = lanes == 0 ? USUAL.lanes() : lanes;
        check(trainingLanes >= 0 && trainingLanes <= laneCount, "--training-lanes", trainingLanes, "0 to --lanes");
        BatchPolicy.Builder batches = BatchPolicy.usual(laneCount)
                .batchTokens(batchTokens)
                .batchItems(batchItems)
                .delayNanos(batchDelayMicros * 1_000)
                .trainingShare(trainingShare);
        if (trainingLanes > 0) {
            batches.trainingLanes(trainingLanes);
        }
        if (trainingStepMillis > 0) {
            batches.stepNanos(trainingStepMillis * MILLI);
        }
        return new ServerOptions(
                address,
                eventLoops,
                new SubstrateOptions(substrate, Precision.of(precision), device, laneThreads),
                new CoreOptions(
                        laneCount,
                        batches.build(),
                        (long) featureCacheMib << 20,
                        maxHeads,
                        nativeMemoryMib == 0 ? USUAL.nativeMemoryBytes() : (long) nativeMemoryMib << 20));
    }

    private static void check(boolean holds, String option, Object value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(option + ": " + value + " (expected: " + expected + ")");
        }
    }
}
