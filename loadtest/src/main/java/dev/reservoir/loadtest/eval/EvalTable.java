// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.loadtest.eval.EvalReport.GroupReport;
import dev.reservoir.loadtest.eval.EvalReport.TaskReport;
import dev.reservoir.loadtest.report.Columns;
import dev.reservoir.loadtest.report.Columns.Side;
import dev.reservoir.loadtest.report.Figures;
import dev.reservoir.loadtest.report.Style;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Formats a run's results for a person. */
final class EvalTable {
    private EvalTable() {}

    static List<String> lines(EvalReport report, Style style) {
        List<String> lines = new ArrayList<>();
        for (TaskReport task : report.tasks()) {
            lines.addAll(task(task, style));
            lines.add("");
        }
        for (Evaluation.Omission omission : report.notRun()) {
            String what = omission.task() + (omission.contender().isEmpty() ? "" : " " + omission.contender());
            lines.add(style.bold(what + ": not run") + ", " + omission.reason());
        }
        if (!report.notRun().isEmpty()) {
            lines.add("");
        }
        lines.addAll(legend());
        return lines;
    }

    private static List<String> task(TaskReport task, Style style) {
        List<String> lines = new ArrayList<>();
        lines.add(style.bold(task.name()) + ": " + task.form());
        lines.add("  " + task.source() + "; " + Figures.count(task.examples()) + " examples a head, "
                + Figures.count(task.validationItems()) + " to choose the rate, " + Figures.count(task.testItems())
                + " to test; without learning " + percent(task.floor()) + " (" + task.floorName() + ")");
        boolean hard = !task.hardName().isEmpty();
        Columns columns = new Columns(
                        Side.LEFT,
                        Side.LEFT,
                        Side.RIGHT,
                        Side.RIGHT,
                        Side.RIGHT,
                        Side.RIGHT,
                        Side.RIGHT,
                        Side.RIGHT,
                        Side.RIGHT,
                        Side.RIGHT)
                .row(
                        "  contender",
                        "is",
                        "learn",
                        "rate",
                        "validation",
                        "test",
                        hard ? task.hardName() : "",
                        "steps to " + percent(task.statedScore()),
                        "seconds",
                        "paper");
        for (GroupReport group : task.contenders()) {
            columns.row(
                    "  " + group.contender(),
                    group.title(),
                    Figures.count(group.parameters()),
                    rate(group.rate()),
                    spread(group.validation()),
                    spread(group.test()),
                    hard ? spread(group.testHard()) : "",
                    reached(group, group.updatesToScore()),
                    seconds(group.secondsToScore()),
                    published(group, task.published()));
        }
        List<String> rows = new ArrayList<>(columns.lines());
        rows.set(0, style.bold(rows.get(0)));
        lines.addAll(rows);
        return lines;
    }

    private static List<String> legend() {
        return List.of(
                "learn       numbers that learn; the transformer never changes",
                "validation  share right, the mean over seeds and its deviation; it alone chose the rate, with the"
                        + " first seed",
                "test        the same on items that nothing was chosen by",
                "steps       minibatches until the last few hundred examples, each answered before it was learned, were"
                        + " right so often; seconds while other heads learned on the same machine",
                "paper       test accuracy with GPT-2 small, fully trained to its end (Lu et al. 2021, arXiv"
                        + " 2103.05247)");
    }

    private static String rate(@Nullable Double rate) {
        return rate == null
                ? "all failed"
                : rate == 0 ? "-" : String.format(Locale.ROOT, "%.0e", rate).replace("e-0", "e-");
    }

    private static String spread(@Nullable Summary summary) {
        if (summary == null) {
            return "-";
        }
        Double deviation = summary.deviation();
        return deviation == null
                ? percent(summary.mean())
                : String.format(Locale.ROOT, "%.1f +- %.1f %%", 100 * summary.mean(), 100 * deviation);
    }

    private static String reached(GroupReport group, @Nullable Summary updates) {
        if (updates == null) {
            return "not reached";
        }
        String mean = Figures.count(Math.round(updates.mean()));
        return group.reachedBy() == group.seeds()
                ? mean
                : mean + " (" + group.reachedBy() + " of " + group.seeds() + ")";
    }

    private static String seconds(@Nullable Summary seconds) {
        return seconds == null ? "-" : String.format(Locale.ROOT, "%.0f", seconds.mean());
    }

    private static String published(GroupReport group, EvalTask.Published published) {
        return switch (group.contender()) {
            case "fpt" -> String.format(Locale.ROOT, "%.1f %%", published.pretrained());
            case "random" -> String.format(Locale.ROOT, "%.1f %%", published.random());
            default -> "";
        };
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
