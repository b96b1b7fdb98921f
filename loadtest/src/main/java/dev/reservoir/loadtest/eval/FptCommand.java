// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.report.Terminal;
import dev.reservoir.loadtest.run.RunCommand;
import dev.reservoir.loadtest.run.RunFailure;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The {@code eval fpt} subcommand. */
@Command(
        name = "fpt",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true,
        customSynopsis = "Usage: reservoir-loadtest eval fpt [OPTION]...",
        synopsisHeading = "%n",
        header = "Trains heads through the frozen substrate on the tasks of Lu et al. 2021, against controls.",
        description = {
            "",
            "Starts a server with the pretrained substrate and then one with random weights, trains many heads at once"
                    + " on each (contenders, learning rates, seeds), chooses each contender's rate on validation items,"
                    + " and scores it on test items. The amount of work is fixed, not the time. An interrupted run"
                    + " continues where it stopped when it is started again with the same --out.",
            ""
        },
        optionListHeading = "Options:%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every cell was run, or is named as not run",
            "2:wrong usage",
            "3:the run failed: a server did not start, a stream ended, a file could not be read or written"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  java -jar loadtest/target/reservoir-loadtest.jar eval fpt --quick",
            "  java -jar loadtest/target/reservoir-loadtest.jar eval fpt --data DIR --task mnist --rates 3e-4,1e-3,3e-3"
        })
public final class FptCommand extends RunCommand {
    private static final List<Double> RATES = List.of(3e-4, 1e-3, 3e-3, 1e-2);
    private static final List<Double> QUICK_RATES = List.of(1e-3, 3e-3);
    private static final List<Long> SEEDS = List.of(1L, 2L, 3L);
    private static final int MAX_SEEDS = 100;

    @Option(
            names = "--quick",
            description =
                    "The small form of each task, and only those that end in minutes on a small machine: bit-xor, a"
                            + " small bit-memory, part of mnist. Rates 1e-3 and 3e-3; ablation on mnist only.")
    private boolean quick;

    @Option(
            names = "--task",
            paramLabel = "NAME",
            split = ",",
            description = "Only these tasks; one or several of ${COMPLETION-CANDIDATES}.",
            completionCandidates = TaskNames.class)
    private List<String> only = new ArrayList<>();

    @Option(
            names = "--contender",
            paramLabel = "NAME",
            split = ",",
            description = "Only these contenders; one or several of ${COMPLETION-CANDIDATES}.",
            completionCandidates = ContenderNames.class)
    private List<String> onlyContenders = new ArrayList<>();

    @Option(
            names = "--rates",
            paramLabel = "RATE",
            split = ",",
            description =
                    "Learning rates to choose from, 1e-6 to 1. Default: 3e-4, 1e-3, 3e-3 and 1e-2. A linear map of the"
                            + " raw input is also tried at 1e-2 and 3e-2.")
    private List<Double> rates = new ArrayList<>();

    @Option(
            names = "--seeds",
            paramLabel = "SEED",
            split = ",",
            description =
                    "Seeds of heads and of the order of their examples, not negative; the first one chooses the rate."
                            + " Default: 1, 2 and 3.")
    private List<Long> seeds = new ArrayList<>();

    @Option(
            names = "--examples",
            paramLabel = "N",
            defaultValue = "0",
            description = "Examples that each head learns, a multiple of 16, instead of each task's own number.")
    private int examples;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "Folder of data files. mnist: the four idx files, unpacked (without them, the sample of 2,000 that"
                            + " ships with this program). cifar-10: data_batch_1.bin to data_batch_5.bin and"
                            + " test_batch.bin. listops: basic_train.tsv, basic_val.tsv and basic_test.tsv (without"
                            + " them,"
                            + " generated).")
    private @Nullable Path data;

    @Option(
            names = "--together",
            paramLabel = "N",
            defaultValue = "32",
            description = "Most heads that learn at the same time, 1 to 256. Default: ${DEFAULT-VALUE}.")
    private int together;

    @Option(
            names = "--target",
            paramLabel = "HOST:PORT",
            description =
                    "Use this running server instead of starting any; contenders of another substrate are left out.")
    private @Nullable String target;

    @Option(
            names = "--server-jar",
            paramLabel = "FILE",
            description = "Server to start. Default: server/target/reservoir-server.jar of the same build.")
    private @Nullable Path serverJar;

    @Option(
            names = "--server-option",
            paramLabel = "OPTION",
            description =
                    "Passed on to the servers that are started, for example --server-option=--precision=f32. May be"
                            + " repeated.")
    private List<String> serverOptions = new ArrayList<>();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Folder for pictures, figures, the servers' logs and the cells that are done. Default:"
                    + " target/eval-fpt of the same build.")
    private @Nullable Path outFolder;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "File for all figures, every cell among them. Default: eval-fpt.json in the folder of --out.")
    private @Nullable Path json;

    @Option(
            names = "--start-limit",
            paramLabel = "SECONDS",
            defaultValue = "120",
            description = "How long a server may take to start. Default: ${DEFAULT-VALUE}.")
    private int startLimit;

    @Option(
            names = "--stall-limit",
            paramLabel = "SECONDS",
            defaultValue = "300",
            description = "How long no head may learn or answer anything. Default: ${DEFAULT-VALUE}.")
    private int stallLimit;

    static final class TaskNames extends ArrayList<String> {
        private static final long serialVersionUID = 1L;

        TaskNames() {
            super(Catalog.NAMES);
        }
    }

    static final class ContenderNames extends ArrayList<String> {
        private static final long serialVersionUID = 1L;

        ContenderNames() {
            super(contenderNames());
        }
    }

    /** @param home folder of this program's jar, used to locate the server's */
    public FptCommand(Terminal terminal, PrintStream out, PrintStream err, Path home) {
        super("eval fpt", terminal, out, err, home);
    }

    @Override
    protected int run() throws InterruptedException {
        List<Catalog.Entry> chosen = chosen();
        EvalSettings settings = settings(contenders());
        try {
            new Evaluation(settings, chosen, terminal, out, Timekeeper.system()).run();
            return 0;
        } catch (IOException e) {
            throw new RunFailure("a file could not be read or written: " + e, e);
        }
    }

    private EvalSettings settings(List<Contender> contenders) {
        for (double rate : rates) {
            check(rate >= 1e-6 && rate <= 1, "--rates: " + rate + " (expected: 1e-6 to 1)");
        }
        check(new HashSet<>(rates).size() == rates.size(), "--rates: " + rates + " (expected: each once)");
        for (long seed : seeds) {
            check(seed >= 0, "--seeds: " + seed + " (expected: at least 0)");
        }
        check(new HashSet<>(seeds).size() == seeds.size(), "--seeds: " + seeds + " (expected: each once)");
        check(seeds.size() <= MAX_SEEDS, "--seeds: " + seeds.size() + " (expected: at most " + MAX_SEEDS + ")");
        check(together >= 1 && together <= 256, "--together: " + together + " (expected: 1 to 256)");
        check(startLimit > 0, "--start-limit: " + startLimit + " (expected: at least 1)");
        check(stallLimit > 0, "--stall-limit: " + stallLimit + " (expected: at least 1)");
        checkTarget(target);
        Path folder = outFolder != null ? outFolder : home.resolve("eval-fpt");
        return new EvalSettings(
                new EvalSettings.Server(
                        target,
                        target == null ? serverJar(serverJar, "a server with --server-jar or --target") : null,
                        serverOptions,
                        Duration.ofSeconds(startLimit)),
                new EvalSettings.Output(folder, json != null ? json : folder.resolve("eval-fpt.json")),
                target == null ? "eval" : String.format(Locale.ROOT, "eval-%04x", new Random().nextInt(1 << 16)),
                quick,
                new EvalSettings.Sweep(
                        contenders,
                        !rates.isEmpty() ? rates : quick ? QUICK_RATES : RATES,
                        seeds.isEmpty() ? SEEDS : seeds),
                new ServerRun.Limits(together, Duration.ofSeconds(stallLimit)));
    }

    private List<Catalog.Entry> chosen() {
        check(
                examples >= 0 && examples % Contender.MINIBATCH == 0,
                "--examples: " + examples + " (expected: a multiple of " + Contender.MINIBATCH + ")");
        check(data == null || Files.isDirectory(data), "--data: " + data + " (expected: a folder)");
        for (String name : only) {
            check(
                    Catalog.NAMES.contains(name),
                    "--task: " + name + " (expected: one of " + String.join(", ", Catalog.NAMES) + ")");
        }
        return new Catalog(quick, !onlyContenders.isEmpty(), data, examples)
                .all().stream()
                        .filter(task -> only.isEmpty() || only.contains(task.name()))
                        .toList();
    }

    private List<Contender> contenders() {
        for (String name : onlyContenders) {
            check(
                    contenderNames().contains(name),
                    "--contender: " + name + " (expected: one of " + String.join(", ", contenderNames()) + ")");
        }
        return Arrays.stream(Contender.values())
                .filter(contender -> onlyContenders.isEmpty() || onlyContenders.contains(contender.id()))
                .toList();
    }

    private static List<String> contenderNames() {
        return Arrays.stream(Contender.values()).map(Contender::id).toList();
    }
}
