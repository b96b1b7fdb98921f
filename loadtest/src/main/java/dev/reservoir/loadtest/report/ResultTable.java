// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import dev.reservoir.loadtest.report.Columns.Side;
import dev.reservoir.loadtest.report.DemoReport.Memory;
import dev.reservoir.loadtest.report.DemoReport.Serving;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A demo's results as a newcomer reads them. */
public final class ResultTable {
    private ResultTable() {}

    /** @param files the files that the run wrote */
    public static List<String> lines(DemoReport report, List<Path> files, Style style) {
        List<String> lines = new ArrayList<>(table(report, style));
        lines.add("");
        lines.addAll(legend(report.heads()));
        lines.add("");
        lines.addAll(serving(report.serving(), report.trainingSeconds()));
        lines.addAll(memory(report.memory(), report.heads().size()));
        lines.add("files    " + joined(files));
        lines.add("");
        lines.add(summary(report, style));
        return lines;
    }

    private static List<String> table(DemoReport report, Style style) {
        Columns columns = new Columns(
                        Side.LEFT, Side.LEFT, Side.LEFT, Side.RIGHT, Side.RIGHT, Side.RIGHT, Side.RIGHT, Side.LEFT)
                .row("head", "reads", "learns", "examples", "held-out", "baseline", "no substrate", "verdict");
        boolean oneKind = kinds(report.heads()).size() == 1;
        for (HeadResult head : report.heads()) {
            columns.row(
                    head.name(),
                    head.modality(),
                    oneKind ? head.task() : head.task() + ", " + head.kind(),
                    Figures.count(head.examples()),
                    Figures.score(head.metric(), head.score()),
                    Figures.score(head.metric(), head.baseline()),
                    Figures.score(head.metric(), head.control()),
                    verdict(head, report.heads()));
        }
        List<String> lines = new ArrayList<>(columns.lines());
        lines.set(0, style.bold(lines.get(0)));
        for (int i = 0; i < report.heads().size(); i++) {
            HeadResult head = report.heads().get(i);
            String line = lines.get(i + 1);
            lines.set(i + 1, !head.beatsBaseline() ? style.bad(line) : head.beatsControl() ? style.good(line) : line);
        }
        return lines;
    }

    private static List<String> legend(List<HeadResult> heads) {
        List<String> lines = new ArrayList<>();
        lines.add(
                "learns        readout: the output map alone; fpt: input map, positions, gains and biases of the norms"
                        + " and output map; the transformer never changes");
        lines.add("held-out      share right on examples never trained on; for forecasts the mean absolute error"
                + " (lower is better)");
        lines.add("baseline      the same, answered by a rule that learns nothing from the input:");
        for (HeadResult head : heads) {
            lines.add("                " + head.name() + ": " + head.baselineName());
        }
        lines.add("no substrate  the control: the same learner on the raw input, without the transformer");
        lines.add("verdict       the gain is over the control");
        return lines;
    }

    private static List<String> kinds(List<HeadResult> heads) {
        return heads.stream().map(HeadResult::kind).distinct().toList();
    }

    /** The gain over the readout version of the same head; empty if there is none. */
    private static String overReadout(HeadResult head, List<HeadResult> heads) {
        return heads.stream()
                .filter(other -> head.name().equals(other.name() + "-fpt"))
                .findFirst()
                .map(other ->
                        "; " + Figures.gain(head.metric(), head.score(), other.score()) + " against " + other.name())
                .orElse("");
    }

    private static String verdict(HeadResult head, List<HeadResult> heads) {
        String gain = Figures.gain(head.metric(), head.score(), head.control());
        String refused = head.refused() == 0 ? "" : ", " + Figures.count(head.refused()) + " refused";
        if (!head.beatsBaseline()) {
            return "DOES NOT BEAT ITS BASELINE" + refused + overReadout(head, heads);
        }
        return (head.beatsControl() ? "beats both, " + gain : "beats baseline, not control")
                + refused
                + overReadout(head, heads);
    }

    private static List<String> serving(Serving serving, double seconds) {
        String repeats = serving.repeats() == 0
                ? ""
                : " (" + Figures.count(serving.repeats()) + " of an observation sent before)";
        String errors = serving.errors() == 0
                ? "none failed"
                : Figures.count(serving.errors()) + " failed, first: " + serving.firstError();
        return List.of(
                "serving  while all heads trained, for " + String.format(Locale.ROOT, "%.0f s", seconds) + ": "
                        + Figures.count(serving.predictions()) + " predictions" + repeats + ", " + errors,
                "         " + Figures.rate(serving.achievedRate()) + " of " + Figures.rate(serving.targetRate())
                        + " requested, p50 " + Figures.millis(serving.p50Millis()) + ", p99 "
                        + Figures.millis(serving.p99Millis()) + ", longest " + Figures.millis(serving.maxMillis())
                        + ", timed from when each was due");
    }

    private static List<String> memory(Memory memory, int heads) {
        return List.of(
                "memory   this server, one model, " + heads + " heads and their controls: "
                        + Figures.bytes(memory.processResidentBytes()) + " resident ("
                        + Figures.bytes(memory.idleResidentBytes()) + " before they were created)",
                "         a model each: " + Figures.bytes(memory.modelEachBytes()) + " as " + heads + " servers of "
                        + Figures.bytes(memory.idleResidentBytes()) + ", "
                        + String.format(Locale.ROOT, "%.1f", memory.ratio()) + " times as much; their weights alone "
                        + Figures.bytes(memory.modelEachWeightsBytes()) + " (" + heads + " x "
                        + Figures.bytes(memory.weightBytes()) + ")");
    }

    private static String joined(List<Path> files) {
        return String.join(
                "\n         ",
                files.stream()
                        .map(file -> file.toAbsolutePath().normalize().toString())
                        .toList());
    }

    private static String summary(DemoReport report, Style style) {
        List<HeadResult> failed = report.failed();
        if (!failed.isEmpty()) {
            return style.bad("FAILED: "
                    + String.join(", ", failed.stream().map(HeadResult::name).toList())
                    + " does not beat its baseline");
        }
        long beatControl =
                report.heads().stream().filter(HeadResult::beatsControl).count();
        long modalities =
                report.heads().stream().map(HeadResult::modality).distinct().count();
        int heads = report.heads().size();
        return style.good("OK: " + heads + " heads of " + modalities
                + " modalities learned at once on one frozen transformer; all beat their baseline, " + beatControl
                + " of " + heads + " the same learner without it");
    }
}
