// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;

/** Shows changing state: redrawn in place on a terminal, as a line every few seconds elsewhere. */
public interface Display {
    /**
     * Shows the current state.
     *
     * @param nowNanos a monotonic clock
     * @param block the whole state, for a terminal
     * @param line the same in one line, for a file or pipe
     */
    void update(long nowNanos, List<String> block, String line);

    /** Shows the final state, which remains visible; later output appears below it. */
    void finish(List<String> block, String line);

    /** The implementation that suits the terminal. */
    static Display on(Terminal terminal, PrintStream out) {
        return terminal.interactive() ? new RedrawnDisplay(out) : new LineDisplay(out, Duration.ofSeconds(5));
    }
}
