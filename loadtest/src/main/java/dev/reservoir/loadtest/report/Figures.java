// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import java.util.Locale;

/** Numbers formatted for people, independent of the machine's locale. */
public final class Figures {
    private Figures() {}

    /** {@code 87.3 %} for an accuracy, three significant digits for an error. */
    static String score(String metric, double score) {
        return metric.equals("accuracy") ? String.format(Locale.ROOT, "%.1f %%", 100 * score) : significant(score);
    }

    /** The gain of one score over another, positive if better: in points, or as a share of the other's error. */
    static String gain(String metric, double score, double over) {
        return metric.equals("accuracy")
                ? String.format(Locale.ROOT, "%+.1f points", 100 * (score - over))
                : over == 0
                        ? "error over 0"
                        : String.format(Locale.ROOT, "%+.0f %% error", 100 * (score - over) / over);
    }

    public static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    static String rate(double perSecond) {
        return perSecond < 10
                ? String.format(Locale.ROOT, "%.1f/s", perSecond)
                : String.format(Locale.ROOT, "%,.0f/s", perSecond);
    }

    static String millis(double millis) {
        return millis < 10
                ? String.format(Locale.ROOT, "%.1f ms", millis)
                : String.format(Locale.ROOT, "%,.0f ms", millis);
    }

    /** In mega- or gigabytes (10^6, 10^9). */
    static String bytes(long bytes) {
        return bytes < 1_000_000_000L
                ? String.format(Locale.ROOT, "%.0f MB", bytes / 1e6)
                : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
    }

    private static String significant(double value) {
        double size = Math.abs(value);
        int digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4;
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }
}
