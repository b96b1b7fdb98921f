// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import dev.reservoir.server.substrate.torch.NativeRuntime;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures inside this process what {@code reservoir-loadtest bench} asks for. */
@Command(
        name = "reservoir-bench",
        description = {
            "Measures inside this process: reads one request per line, a JSON object, and answers each with one line."
                    + " The bench of reservoir-loadtest starts it as a child process, to alternate with peers.",
            "Example: {\"measure\":\"forward\",\"precision\":\"f32\",\"sequences\":8,\"tokens\":64,\"millis\":500}"
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        showDefaultValues = true)
public final class BenchCommand implements Callable<Integer> {
    @Option(names = "--threads", paramLabel = "N", description = "Threads inside one product.")
    private int threads = 1;

    public static void main(String[] args) {
        System.exit(new CommandLine(new BenchCommand())
                .setExecutionExceptionHandler(BenchCommand::explain)
                .execute(args));
    }

    /** A wrong option is one line; a defect keeps its stack. */
    private static int explain(Exception problem, CommandLine command, CommandLine.ParseResult parsed)
            throws Exception {
        if (problem instanceof IllegalArgumentException) {
            command.getErr().println(command.getCommandName() + ": " + problem.getMessage());
            return 2;
        }
        throw problem;
    }

    @Override
    public Integer call() throws Exception {
        if (threads < 1 || threads > 256) {
            throw new IllegalArgumentException("--threads: " + threads + " (expected: 1 to 256)");
        }
        NativeRuntime.prepare(threads);
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (Subject subject = new Subject(threads, System::nanoTime)) {
            EngineMeasurement engine = new EngineMeasurement(subject);
            try {
                new Conversation(measurements(subject, engine))
                        .run(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)), answers);
            } finally {
                // The lanes end before the substrate is freed.
                engine.close();
            }
        }
        return 0;
    }

    static Map<String, Measurement> measurements(Subject subject, EngineMeasurement engine) {
        Map<String, Measurement> all = new HashMap<>();
        all.put("machine", new MachineMeasurement(subject));
        all.put("forward", new ForwardMeasurement(subject));
        all.put("bare", new BareMeasurement(subject));
        all.put("djl", new DjlMeasurement(subject));
        all.put("engine", engine);
        all.put("least-squares", new LeastSquaresMeasurement(subject));
        all.put("memory", new MemoryMeasurement(subject));
        all.put("train", new TrainMeasurement(subject));
        all.put("train-parts", new TrainPartsMeasurement(subject));
        all.put("djl-train", new DjlTrainMeasurement(subject));
        all.put("train-memory", new TrainMemoryMeasurement(subject));
        return all;
    }
}
