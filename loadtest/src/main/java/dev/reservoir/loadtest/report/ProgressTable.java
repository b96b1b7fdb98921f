// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import dev.reservoir.loadtest.report.Columns.Side;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The heads while they train: a progress bar, the examples, the recent score and the rate of each. */
public final class ProgressTable {
    private static final int BAR_WIDTH = 22;

    /**
     * The current state of one head.
     *
     * @param done examples learned
     * @param total examples to learn
     * @param score over the last examples, each predicted before it was learned from; NaN before the first
     */
    public record Row(String name, long done, long total, String metric, double score, double perSecond) {
        boolean isDone() {
            return done >= total;
        }
    }

    /**
     * The current state of the predictions.
     *
     * @param answered so far
     * @param perSecond answered per second
     */
    public record Traffic(long answered, long errors, double perSecond, double p50Millis, double p99Millis) {}

    private ProgressTable() {}

    /** The full table. */
    public static List<String> block(List<Row> rows, Traffic traffic, double seconds, Style style) {
        Columns columns = new Columns(Side.LEFT, Side.LEFT, Side.RIGHT, Side.RIGHT, Side.RIGHT)
                .row("head", "learning", "examples", "last few hundred", "examples/s");
        for (Row row : rows) {
            columns.row(
                    row.name(),
                    bar(row),
                    Figures.count(row.done()) + "/" + Figures.count(row.total()),
                    scoreOf(row),
                    Figures.rate(row.perSecond()));
        }
        List<String> lines = new ArrayList<>(columns.lines());
        lines.set(0, style.bold(lines.get(0)));
        for (int i = 0; i < rows.size(); i++) {
            if (rows.get(i).isDone()) {
                lines.set(i + 1, style.good(lines.get(i + 1)));
            }
        }
        lines.add(footer(traffic, seconds));
        return lines;
    }

    /** The table condensed into one line. */
    public static String line(List<Row> rows, Traffic traffic, double seconds) {
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%4.0f s ", seconds));
        for (Row row : rows) {
            line.append(' ')
                    .append(row.name())
                    .append(' ')
                    .append(100 * row.done() / Math.max(1, row.total()))
                    .append('%');
            if (Double.isFinite(row.score())) {
                line.append(" (").append(scoreOf(row).replace(" %", "%")).append(')');
            }
        }
        return line + " | predicted " + Figures.count(traffic.answered()) + ", p50 "
                + Figures.millis(traffic.p50Millis()) + ", p99 " + Figures.millis(traffic.p99Millis())
                + errorsOf(traffic);
    }

    private static String footer(Traffic traffic, double seconds) {
        return String.format(Locale.ROOT, "%.0f s", seconds) + "   meanwhile predicted "
                + Figures.count(traffic.answered()) + " at " + Figures.rate(traffic.perSecond()) + ", p50 "
                + Figures.millis(traffic.p50Millis()) + ", p99 " + Figures.millis(traffic.p99Millis())
                + errorsOf(traffic);
    }

    private static String errorsOf(Traffic traffic) {
        return traffic.errors() == 0 ? "" : ", " + Figures.count(traffic.errors()) + " failed";
    }

    private static String scoreOf(Row row) {
        if (!Double.isFinite(row.score())) {
            return "-";
        }
        String score = Figures.score(row.metric(), row.score());
        return row.metric().equals("accuracy") ? score : row.metric() + " " + score;
    }

    private static String bar(Row row) {
        int filled = (int) Math.min(BAR_WIDTH, BAR_WIDTH * row.done() / Math.max(1, row.total()));
        return "[" + "#".repeat(filled) + "-".repeat(BAR_WIDTH - filled) + "]";
    }
}
