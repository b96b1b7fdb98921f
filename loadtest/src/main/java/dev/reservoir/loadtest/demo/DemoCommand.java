// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.demo;

import dev.reservoir.loadtest.client.ServerProcess;
import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.report.DemoReport;
import dev.reservoir.loadtest.report.Terminal;
import dev.reservoir.loadtest.run.RunCommand;
import dev.reservoir.loadtest.run.RunFailure;
import dev.reservoir.loadtest.workload.Workload;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The {@code demo} subcommand. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true,
        customSynopsis = "Usage: reservoir-loadtest demo [OPTION]...",
        synopsisHeading = "%n",
        header = "Trains and serves heads of several modalities at once, and shows what each learned.",
        description = {
            "",
            "Starts a server on free loopback ports, creates a head for each task that ships with this program and, as"
                    + " its control, the same learner without the substrate, trains all of them at once from streams"
                    + " while other streams predict, and scores them on examples they never saw.",
            ""
        },
        optionListHeading = "Options:%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every head beats its baseline",
            "1:a head does not beat its baseline",
            "2:wrong usage",
            "3:the run failed: the server did not start, a stream ended, a file could not be written"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  java -jar loadtest/target/reservoir-loadtest.jar demo",
            "  java -jar loadtest/target/reservoir-loadtest.jar demo --json demo.json",
            "  java -jar loadtest/target/reservoir-loadtest.jar demo --target 127.0.0.1:7400"
        })
public final class DemoCommand extends RunCommand {
    private static final int HEAD_FAILED = 1;

    private final Supplier<List<Workload>> workloads;

    @Option(
            names = "--target",
            paramLabel = "HOST:PORT",
            description = "Use this running server instead of starting one. The heads are deleted at the end.")
    private @Nullable String target;

    @Option(
            names = "--server-jar",
            paramLabel = "FILE",
            description = "Server to start. Default: server/target/reservoir-server.jar of the same build.")
    private @Nullable Path serverJar;

    @Option(
            names = "--server-option",
            paramLabel = "OPTION",
            description = "Passed on to the server that is started, for example --server-option=--precision=f32. May be"
                    + " repeated.")
    private List<String> serverOptions = new ArrayList<>();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Folder for pictures, figures and the server's log. Default: target/demo of the same build.")
    private @Nullable Path outFolder;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "File for all figures. Default: demo.json in the folder of --out.")
    private @Nullable Path json;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Seeds the heads and the order of predictions; not negative. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "30",
            description = "Predictions per second while the heads train. Default: ${DEFAULT-VALUE}.")
    private double rate;

    @Option(
            names = "--quick",
            arity = "0..1",
            fallbackValue = "0.1",
            defaultValue = "1",
            paramLabel = "SHARE",
            description = "Use this share of the examples, above 0 up to 1; ${FALLBACK-VALUE} where no share is named."
                    + " Scores are then lower, and may miss a baseline.")
    private double share;

    @Option(names = "--only", paramLabel = "HEAD", split = ",", description = "Only these heads, by name.")
    private List<String> only = new ArrayList<>();

    @Option(
            names = "--start-limit",
            paramLabel = "SECONDS",
            defaultValue = "120",
            description = "How long the server may take to start. Default: ${DEFAULT-VALUE}.")
    private int startLimit;

    @Option(
            names = "--stall-limit",
            paramLabel = "SECONDS",
            defaultValue = "120",
            description = "How long no head may learn anything. Default: ${DEFAULT-VALUE}.")
    private int stallLimit;

    @Option(names = "--keep-heads", description = "Leave the heads on the server named by --target.")
    private boolean keepHeads;

    /**
     * @param workloads loaded when the command runs
     * @param home folder of this program's jar, used to locate the server's
     */
    public DemoCommand(
            Supplier<List<Workload>> workloads, Terminal terminal, PrintStream out, PrintStream err, Path home) {
        super("demo", terminal, out, err, home);
        this.workloads = workloads;
    }

    @Override
    protected int run() throws IOException, InterruptedException {
        check(share > 0 && share <= 1, "--quick: " + share + " (expected: above 0, at most 1)");
        check(rate > 0 && rate <= 100_000, "--rate: " + rate + " (expected: above 0, at most 100000)");
        check(seed >= 0, "--seed: " + seed + " (expected: at least 0)");
        check(startLimit > 0, "--start-limit: " + startLimit + " (expected: at least 1)");
        check(stallLimit > 0, "--stall-limit: " + stallLimit + " (expected: at least 1)");
        List<Workload> chosen = chosen();
        if (chosen.isEmpty()) {
            throw new RunFailure("this build ships no task");
        }
        DemoReport report = new Demo(settings(), chosen, terminal, out, Timekeeper.system()).run();
        return report.failed().isEmpty() ? 0 : HEAD_FAILED;
    }

    private DemoSettings settings() {
        checkTarget(target);
        Path folder = outFolder != null ? outFolder : home.resolve("demo");
        String tenant =
                target == null ? "demo" : String.format(Locale.ROOT, "demo-%04x", new Random().nextInt(1 << 16));
        List<String> command = target == null
                ? ServerProcess.command(serverJar(serverJar, "a server with --server-jar or --target"), serverOptions)
                : List.of();
        return new DemoSettings(
                new DemoSettings.Server(target, command, Duration.ofSeconds(startLimit), keepHeads),
                new DemoSettings.Output(folder, json != null ? json : folder.resolve("demo.json")),
                tenant,
                seed,
                rate,
                Duration.ofSeconds(stallLimit));
    }

    private List<Workload> chosen() {
        List<Workload> all = workloads.get();
        List<String> names = all.stream().map(Workload::id).toList();
        for (String name : only) {
            check(names.contains(name), "--only: " + name + " (expected: one of " + String.join(", ", names) + ")");
        }
        return all.stream()
                .filter(workload -> only.isEmpty() || only.contains(workload.id()))
                .map(workload -> share == 1 ? workload : part(workload))
                .toList();
    }

    private Workload part(Workload workload) {
        Workload.Data data = workload.data();
        return new Workload(
                workload.id(),
                workload.title(),
                workload.spec(),
                workload.metric(),
                new Workload.Data(
                        data.train().subList(0, share(data.train().size())),
                        data.test().subList(0, share(data.test().size())),
                        data.source()),
                workload.baseline());
    }

    private int share(int count) {
        return Math.max(1, (int) Math.round(share * count));
    }
}
