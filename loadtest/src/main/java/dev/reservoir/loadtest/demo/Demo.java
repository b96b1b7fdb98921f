// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.demo;

import dev.reservoir.loadtest.client.CallFailure;
import dev.reservoir.loadtest.client.PredictionStream;
import dev.reservoir.loadtest.client.ReservoirClient;
import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.report.CurveChart;
import dev.reservoir.loadtest.report.DemoReport;
import dev.reservoir.loadtest.report.DemoReport.Memory;
import dev.reservoir.loadtest.report.DemoReport.Serving;
import dev.reservoir.loadtest.report.DemoReport.SubstrateFacts;
import dev.reservoir.loadtest.report.Display;
import dev.reservoir.loadtest.report.Figures;
import dev.reservoir.loadtest.report.HeadResult;
import dev.reservoir.loadtest.report.JsonFile;
import dev.reservoir.loadtest.report.Machine;
import dev.reservoir.loadtest.report.ResultTable;
import dev.reservoir.loadtest.report.Terminal;
import dev.reservoir.loadtest.run.RunFailure;
import dev.reservoir.loadtest.run.RunServer;
import dev.reservoir.loadtest.workload.Workload;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Substrate;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One run: starts a server or connects to one, creates a head and a control for each task, trains all of them at once
 * while predictions continue, scores them on held-out examples, and writes a table, pictures and figures.
 */
final class Demo {
    private static final Duration CALL_DEADLINE = Duration.ofSeconds(30);

    private final DemoSettings settings;
    private final List<Workload> workloads;
    private final Terminal terminal;
    private final PrintStream out;
    private final Timekeeper time;

    Demo(DemoSettings settings, List<Workload> workloads, Terminal terminal, PrintStream out, Timekeeper time) {
        this.settings = settings;
        this.workloads = List.copyOf(workloads);
        this.terminal = terminal;
        this.out = out;
        this.time = time;
    }

    /**
     * Runs to completion.
     *
     * @throws RunFailure if that is not possible
     * @throws IOException if results cannot be written
     */
    DemoReport run() throws IOException, InterruptedException {
        Files.createDirectories(settings.output().folder());
        long modalities = workloads.stream()
                .map(workload -> workload.spec().getModality().getKindCase())
                .distinct()
                .count();
        out.println("Reservoir demo: " + workloads.size() + " heads of " + modalities
                + " modalities, each with a control, learn at once on one frozen transformer");
        out.println();
        try (RunServer server = server()) {
            out.println("server     " + server.description());
            try (ReservoirClient training = ReservoirClient.connect(server.grpc(), CALL_DEADLINE);
                    ReservoirClient serving = ReservoirClient.connect(server.grpc(), CALL_DEADLINE)) {
                DemoReport report = run(training, serving);
                List<Path> files = write(report);
                out.println();
                ResultTable.lines(report, files, terminal.style()).forEach(out::println);
                return report;
            } catch (CallFailure e) {
                throw new RunFailure(e.getMessage() + server.exitReport(), e);
            }
        }
    }

    private RunServer server() {
        String target = settings.server().target();
        if (target != null) {
            return RunServer.running(target);
        }
        Display display = Display.on(terminal, out);
        String waiting = "server     starting (the first start unpacks native libraries and takes longer)";
        RunServer server = RunServer.start(
                settings.server().command(),
                settings.output().folder().resolve("server.log"),
                settings.server().startLimit(),
                elapsed -> {
                    String line = waiting + String.format(Locale.ROOT, " %d s", elapsed.toSeconds());
                    display.update(time.nanoTime(), List.of(line), line);
                });
        return server;
    }

    private DemoReport run(ReservoirClient training, ReservoirClient serving) throws InterruptedException {
        Substrate before = training.substrate();
        // Connects now, so that the first prediction does not include the time to connect.
        serving.substrate();
        printSubstrate(before);
        List<Contender> contenders = workloads.stream()
                .map(workload -> new Contender(workload, settings.tenant(), time))
                .toList();
        try {
            contenders.forEach(contender -> create(training, contender));
            TrainingPhase phase = new TrainingPhase(settings, contenders, terminal, out, time);
            TrainingPhase.Outcome outcome = phase.run(training, serving);
            Substrate after = training.substrate();
            List<HeadResult> results = score(serving, contenders);
            return new DemoReport(
                    results,
                    Serving.of(outcome.load(), outcome.repeats()),
                    Memory.of(
                            after.getProcessResidentBytes(),
                            before.getProcessResidentBytes(),
                            after.getWeightBytes(),
                            contenders.size()),
                    SubstrateFacts.of(after),
                    Machine.here(),
                    outcome.seconds());
        } finally {
            cleanUp(training, contenders);
        }
    }

    private void printSubstrate(Substrate substrate) {
        out.println("substrate  " + substrate.getName() + " (" + substrate.getFamily() + ", "
                + String.format(Locale.ROOT, "%.1f", substrate.getParameters() / 1e6) + " million frozen parameters), "
                + substrate.getDevice() + ", " + substrate.getLanes() + " lanes, digest "
                + shortened(substrate.getDigest()));
        out.println("precision  " + substrate.getPrecision() + ": " + substrate.getPrecisionReason());
        out.println("together   " + (substrate.getCoBatchingIdentical() ? "" : "NOT ") + "bit-identical to alone: "
                + substrate.getCoBatchingCheck());
        out.println();
    }

    private void create(ReservoirClient client, Contender contender) {
        Workload workload = contender.workload();
        client.createHead(contender.head().head(), seeded(workload.spec()), "demo");
        client.createHead(contender.control().head(), seeded(workload.controlSpec()), "demo");
    }

    private Head seeded(Head spec) {
        return spec.toBuilder().setSeed(settings.seed()).build();
    }

    private List<HeadResult> score(ReservoirClient client, List<Contender> contenders) throws InterruptedException {
        List<HeadResult> results = new ArrayList<>();
        long all =
                workloads.stream().mapToLong(workload -> workload.test().size()).sum();
        Display display = Display.on(terminal, out);
        try (PredictionStream stream = client.predictions()) {
            HeldOut heldOut = new HeldOut(stream);
            for (Contender contender : contenders) {
                String line = "scoring " + contender.workload().id() + " on held-out examples, "
                        + Figures.count(heldOut.done()) + " of " + Figures.count(all) + " done";
                display.update(time.nanoTime(), List.of(line), line);
                results.add(result(contender, heldOut.score(contender)));
            }
            String line = "scored on " + Figures.count(heldOut.done()) + " held-out examples";
            display.finish(List.of(line), line);
        }
        return results;
    }

    private static HeadResult result(Contender contender, HeldOut.Scores scores) {
        Workload workload = contender.workload();
        Learning head = contender.head();
        return HeadResult.builder(workload.id(), workload.title(), head.head())
                .spec(
                        contender.modality(),
                        workload.spec().getKind() == Head.Kind.FPT ? "fpt" : "readout",
                        contender.task())
                .training(head.learned(), head.refused(), head.examplesPerSecond())
                .score(workload.metric(), scores.head(), scores.examples())
                .baseline(workload.baseline().name(), workload.baseline().score())
                .control(scores.control())
                .source(workload.data().source())
                .curves(head.curve(), contender.control().curve(), contender.servedCurve())
                .build();
    }

    /** Writes the figures first: they are useful even if pictures cannot be drawn. */
    private List<Path> write(DemoReport report) throws IOException {
        List<Path> files = new ArrayList<>();
        JsonFile.write(settings.output().json(), report);
        files.add(settings.output().json());
        try {
            files.addAll(CurveChart.write(settings.output().folder(), report.heads()));
        } catch (IOException e) {
            out.println("no pictures: " + e.getMessage());
        }
        return files;
    }

    /** Leaves a server that keeps running as it was, best effort: the run's own failure is the one to report. */
    private void cleanUp(ReservoirClient client, List<Contender> contenders) {
        if (settings.server().target() == null || settings.server().keepHeads()) {
            return;
        }
        try {
            for (Contender contender : contenders) {
                client.deleteHead(contender.head().head());
                client.deleteHead(contender.control().head());
            }
        } catch (CallFailure e) {
            out.println("heads of tenant " + settings.tenant() + " are left on the server: " + e.getMessage());
        }
    }

    private static String shortened(String digest) {
        return digest.substring(0, Math.min(12, digest.length()));
    }
}
