// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.report.Terminal;
import dev.reservoir.loadtest.run.RunCommand;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The {@code bench} subcommand. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true,
        header = "Measures a server against its peers, and against what the processor can do.",
        description = {
            "",
            "Starts a server and its in-process benchmark as child processes: every ratio compares sides that were"
                    + " measured alternately in this run, with its median, minimum and maximum over the rounds. Run"
                    + " it on"
                    + " an idle machine.",
            ""
        },
        optionListHeading = "Options:%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:everything was measured, whether or not targets are met", "2:wrong usage", "3:the run failed"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  java -jar loadtest/target/reservoir-loadtest.jar bench --json bench.json",
            "  java -jar loadtest/target/reservoir-loadtest.jar bench --only forward-8x64 --only fan-out"
        })
public final class BenchCommand extends RunCommand {
    private static final int MAX_THREADS = 8;

    @Option(
            names = "--only",
            paramLabel = "NAME",
            description =
                    "Only this figure, by its name in --list; may be repeated. NAME.PART shows one of its numbers.")
    private List<String> only = new ArrayList<>();

    @Option(names = "--list", description = "List the figures and end.")
    private boolean list;

    @Option(names = "--json", paramLabel = "FILE", description = "File for all figures.")
    private @Nullable Path json;

    @Option(
            names = "--server-jar",
            paramLabel = "FILE",
            description =
                    "Server to measure; reservoir-bench.jar of its build is expected in ../bench/target beside it."
                            + " Default: server/target/reservoir-server.jar of the same build.")
    private @Nullable Path serverJar;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Threads inside a matrix product when a pass is compared with peers, on both sides; 0 means one per"
                            + " core, at most 8. Figures over gRPC use the server's defaults.")
    private int threads;

    /** @param home folder of this program's jar, used to locate the server's */
    public BenchCommand(Terminal terminal, PrintStream out, PrintStream err, Path home) {
        super("bench", terminal, out, err, home);
    }

    @Override
    protected int run() throws IOException, InterruptedException {
        if (list) {
            Bench.all()
                    .forEach(figure ->
                            out.println(String.format(Locale.ROOT, "%-20s %s", figure.name(), figure.about())));
            return 0;
        }
        check(threads >= 0 && threads <= 256, "--threads: " + threads + " (expected: 0 to 256)");
        List<Figure> chosen = chosen();
        Path jar = serverJar(serverJar, "one with --server-jar");
        Path benchJar =
                jar.resolveSibling("../bench/target/reservoir-bench.jar").normalize();
        check(
                Files.isRegularFile(benchJar),
                "the measuring program: " + benchJar + " (expected: a jar; build the whole project)");
        Path folder = home.resolve("bench");
        int productThreads = threads > 0
                ? threads
                : Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors());
        Files.createDirectories(folder);
        BenchReport report;
        try (Apparatus apparatus = new Apparatus(jar, benchJar, folder, productThreads)) {
            report = shown(new Bench(apparatus, terminal, out).run(chosen));
        }
        summarise(report);
        return 0;
    }

    private void summarise(BenchReport report) throws IOException {
        out.println();
        if (json != null) {
            report.write(json);
            out.println("figures in " + json.toAbsolutePath().normalize());
        }
        List<Measured> missed = report.missed();
        missed.forEach(figure -> out.println("NOT MET" + BenchReport.line(figure)));
        long targets = report.figures().stream()
                .filter(figure -> figure.target() != null)
                .count();
        out.println((targets - missed.size()) + " of " + targets + " targets met, "
                + String.format(Locale.ROOT, "%.0f s", report.seconds()));
    }

    /** Keeps the requested values of figures of which only some were selected. */
    private BenchReport shown(BenchReport report) {
        if (only.isEmpty()) {
            return report;
        }
        List<Measured> selected = report.figures().stream()
                .filter(figure -> only.stream()
                        .anyMatch(name ->
                                figure.name().equals(name) || figure.name().startsWith(name + ".")))
                .toList();
        return new BenchReport(selected, report.machine(), report.seconds());
    }

    private List<Figure> chosen() {
        List<Figure> all = Bench.all();
        List<String> names = all.stream().map(Figure::name).toList();
        for (String name : only) {
            check(
                    names.contains(figureOf(name)),
                    "--only: " + name + " (expected: one of " + String.join(", ", names) + ")");
        }
        return all.stream()
                .filter(figure -> only.isEmpty()
                        || only.stream().anyMatch(name -> figureOf(name).equals(figure.name())))
                .toList();
    }

    private static String figureOf(String name) {
        int dot = name.indexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }
}
