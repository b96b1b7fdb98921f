// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.report.Columns;
import dev.reservoir.loadtest.report.Columns.Side;
import dev.reservoir.loadtest.report.Display;
import dev.reservoir.loadtest.report.Figures;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Shows the progress of the cells of one server. */
final class Progress {
    private final Plan plan;
    private final String substrate;
    private final Timekeeper time;
    private final long startNanos;

    Progress(Plan plan, String substrate, Timekeeper time) {
        this.plan = plan;
        this.substrate = substrate;
        this.time = time;
        this.startNanos = time.nanoTime();
    }

    /** Omits heads that wait for their sweep to be decided. */
    void show(Display display, List<CellRun> all) {
        List<CellRun> runs = all.stream().filter(run -> !run.isWaiting()).toList();
        display.update(time.nanoTime(), block(runs), line(runs));
    }

    void finish(Display display) {
        display.finish(block(List.of()), line(List.of()));
    }

    private List<String> block(List<CellRun> runs) {
        List<String> lines = new ArrayList<>();
        lines.add(summary());
        Columns columns = new Columns(Side.LEFT, Side.LEFT, Side.RIGHT, Side.RIGHT);
        for (CellRun run : runs) {
            columns.row(
                    run.key().toString(),
                    run.phase(),
                    Figures.count(run.learning().handled()) + "/" + Figures.count(run.examples()),
                    percent(run.learning().accuracy()));
        }
        lines.addAll(columns.lines());
        return lines;
    }

    private String line(List<CellRun> runs) {
        long handled = runs.stream().mapToLong(run -> run.learning().handled()).sum();
        long all = runs.stream().mapToLong(CellRun::examples).sum();
        return summary()
                + (runs.isEmpty() ? "" : " | " + runs.size() + " heads at " + 100 * handled / Math.max(1, all) + " %");
    }

    private String summary() {
        StringBuilder text = new StringBuilder(
                String.format(Locale.ROOT, "%4.0f s  %s, cells:", (time.nanoTime() - startNanos) / 1e9, substrate));
        plan.groups().stream().map(Plan.Group::task).distinct().forEach(task -> {
            long size = plan.size(task, substrate);
            if (size > 0) {
                text.append(' ')
                        .append(task)
                        .append(' ')
                        .append(plan.done(task, substrate))
                        .append('/')
                        .append(size);
            }
        });
        return text.toString();
    }

    private static String percent(double accuracy) {
        return Double.isFinite(accuracy) ? String.format(Locale.ROOT, "%.1f %%", 100 * accuracy) : "-";
    }
}
