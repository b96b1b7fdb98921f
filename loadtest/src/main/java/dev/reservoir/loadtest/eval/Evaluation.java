// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.loadtest.client.CallFailure;
import dev.reservoir.loadtest.client.ReservoirClient;
import dev.reservoir.loadtest.client.ServerProcess;
import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.report.Display;
import dev.reservoir.loadtest.report.JsonFile;
import dev.reservoir.loadtest.report.Terminal;
import dev.reservoir.loadtest.run.RunFailure;
import dev.reservoir.loadtest.run.RunServer;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs every cell without a result yet, one substrate after the other, and reports all of them. */
final class Evaluation {
    /**
     * A task or a contender that was not run.
     *
     * @param contender empty if the whole task was not
     */
    record Omission(String task, String contender, String reason) {}

    private static final Duration CALL_DEADLINE = Duration.ofSeconds(120);

    private final EvalSettings settings;
    private final List<Catalog.Entry> entries;
    private final Terminal terminal;
    private final PrintStream out;
    private final Timekeeper time;
    private final Map<String, EvalTask> tasks = new LinkedHashMap<>();
    private final List<Omission> notRun = new ArrayList<>();

    Evaluation(
            EvalSettings settings, List<Catalog.Entry> entries, Terminal terminal, PrintStream out, Timekeeper time) {
        this.settings = settings;
        this.entries = List.copyOf(entries);
        this.terminal = terminal;
        this.out = out;
        this.time = time;
    }

    /**
     * Runs to completion and writes the results.
     *
     * @throws RunFailure if the run fails; the results obtained until then are kept
     */
    EvalReport run() throws IOException, InterruptedException {
        long start = time.nanoTime();
        StateFile state = StateFile.open(settings.output().folder().resolve("cells.jsonl"));
        if (!state.results().isEmpty()) {
            out.println("known      " + state.results().size() + " cells of earlier runs in "
                    + settings.output()
                            .folder()
                            .resolve("cells.jsonl")
                            .toAbsolutePath()
                            .normalize()
                    + "; those among them that this run needs are not run again");
        }
        Plan plan;
        try {
            plan = settings.server().target() == null
                    ? onOwnServers(state)
                    : onTarget(settings.server().target(), state);
        } catch (UncheckedIOException e) {
            throw new RunFailure("data: " + e.getMessage(), e);
        }
        EvalReport report = report(plan, state, (time.nanoTime() - start) / 1e9);
        List<Path> files = new ArrayList<>(List.of(settings.output().json()));
        JsonFile.write(settings.output().json(), report);
        try {
            files.addAll(EvalChart.write(settings.output().folder(), List.copyOf(tasks.values()), plan));
        } catch (IOException e) {
            out.println("no pictures: " + e.getMessage());
        }
        out.println();
        EvalTable.lines(report, terminal.style()).forEach(out::println);
        out.println();
        for (Path file : files) {
            out.println("file  " + file.toAbsolutePath().normalize());
        }
        return report;
    }

    private Plan onOwnServers(StateFile state) throws IOException, InterruptedException {
        Plan plan = null;
        for (String substrate : substrates()) {
            SubstrateFacts known = state.substrates().get(substrate);
            if (known != null) {
                Plan asKnown =
                        plan != null ? plan : plan(known, settings.sweep().contenders(), state);
                if (asKnown.due(substrate).isEmpty()) {
                    plan = asKnown;
                    continue;
                }
            }
            try (RunServer server = start(substrate)) {
                plan = run(server, plan, state);
            }
        }
        return plan != null ? plan : new Plan(List.of(), settings.sweep().seeds(), List.of());
    }

    private Plan onTarget(String target, StateFile state) throws IOException, InterruptedException {
        try (RunServer server = RunServer.running(target)) {
            return run(server, null, state);
        }
    }

    private LinkedHashSet<String> substrates() {
        LinkedHashSet<String> names = new LinkedHashSet<>();
        settings.sweep().contenders().forEach(contender -> names.add(contender.substrate()));
        return names;
    }

    private RunServer start(String substrate) {
        Path jar = settings.server().jar();
        if (jar == null) {
            throw new IllegalStateException("server: none (expected: a jar)");
        }
        List<String> options = new ArrayList<>(List.of("--substrate", substrate));
        options.addAll(settings.server().options());
        Display display = Display.on(terminal, out);
        Path log = settings.output().folder().resolve("server-" + substrate.replace(':', '-') + ".log");
        return RunServer.start(
                ServerProcess.command(jar, options), log, settings.server().startLimit(), elapsed -> {
                    String line = String.format(
                            Locale.ROOT, "server     starting with %s %d s", substrate, elapsed.toSeconds());
                    display.update(time.nanoTime(), List.of(line), line);
                });
    }

    /** @param before the plan, if the run on another substrate created it */
    private Plan run(RunServer server, @Nullable Plan before, StateFile state)
            throws IOException, InterruptedException {
        out.println("server     " + server.description());
        try (ReservoirClient training = ReservoirClient.connect(server.grpc(), CALL_DEADLINE);
                ReservoirClient serving = ReservoirClient.connect(server.grpc(), CALL_DEADLINE)) {
            SubstrateFacts facts = SubstrateFacts.of(training.substrate());
            state.add(facts);
            out.println("substrate  " + facts.name() + ", " + facts.precision() + ", " + facts.device() + ", "
                    + facts.lanes() + " lanes");
            Plan plan = before != null ? before : plan(facts, runnable(facts), state);
            plan.keepOnly(facts.name(), facts.digest());
            ConnectedServer connected = new ConnectedServer(facts, settings.tenant(), training, serving);
            new ServerRun(plan, state, tasks, connected, settings.limits(), time).run(Display.on(terminal, out));
            return plan;
        } catch (CallFailure | RunFailure e) {
            throw new RunFailure(e.getMessage() + server.exitReport(), e);
        }
    }

    /** A server that was already running has one substrate: contenders that need another are reported as not run. */
    private List<Contender> runnable(SubstrateFacts facts) {
        if (settings.server().target() == null) {
            return settings.sweep().contenders();
        }
        List<Contender> contenders = new ArrayList<>();
        for (Contender contender : settings.sweep().contenders()) {
            if (contender.substrate().equals(facts.name())) {
                contenders.add(contender);
            } else {
                notRun.add(new Omission(
                        "all tasks",
                        contender.id(),
                        "it needs a server of " + contender.substrate() + ", and the one of --target has "
                                + facts.name()));
            }
        }
        return contenders;
    }

    private Plan plan(SubstrateFacts facts, List<Contender> contenders, StateFile state) {
        List<Plan.Group> groups = new ArrayList<>();
        for (Catalog.Entry entry : entries) {
            if (entry.tokens() > facts.positions()) {
                notRun.add(new Omission(
                        entry.name(),
                        "",
                        String.format(
                                Locale.ROOT,
                                "%,d tokens: %s has %,d positions%s",
                                entry.tokens(),
                                facts.name(),
                                facts.positions(),
                                entry.missing().isEmpty() ? "" : "; it also " + entry.missing())));
            } else if (!entry.missing().isEmpty()) {
                notRun.add(new Omission(entry.name(), "", entry.missing()));
            } else {
                EvalTask task = entry.load().get();
                tasks.put(task.name(), task);
                if (!entry.ablation() && contenders.stream().anyMatch(Contender::ablation)) {
                    notRun.add(new Omission(task.name(), "ablation", "not part of --quick"));
                }
                for (Contender contender : contenders) {
                    if (contender.ablation() && !entry.ablation()) {
                        continue;
                    }
                    groups.add(new Plan.Group(
                            task.name(),
                            task.fingerprint(),
                            contender,
                            contender.rates(settings.sweep().rates())));
                }
            }
        }
        return new Plan(groups, settings.sweep().seeds(), state.results());
    }

    private EvalReport report(Plan plan, StateFile state, double seconds) {
        return EvalReport.of(
                settings,
                List.copyOf(state.substrates().values()),
                seconds,
                tasks.values().stream()
                        .map(task -> EvalReport.TaskReport.of(task, plan))
                        .toList(),
                notRun);
    }
}
