// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;

/** Prints a line at most once per interval, the first one immediately. */
final class LineDisplay implements Display {
    private final PrintStream out;
    private final long intervalNanos;
    private boolean printed;
    private long lastNanos;

    LineDisplay(PrintStream out, Duration interval) {
        this.out = out;
        this.intervalNanos = interval.toNanos();
    }

    @Override
    public void update(long nowNanos, List<String> block, String line) {
        if (!printed || nowNanos - lastNanos >= intervalNanos) {
            printed = true;
            lastNanos = nowNanos;
            out.println(line);
        }
    }

    @Override
    public void finish(List<String> block, String line) {
        out.println(line);
    }
}
