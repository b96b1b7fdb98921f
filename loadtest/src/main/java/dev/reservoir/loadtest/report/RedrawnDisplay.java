// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import java.io.PrintStream;
import java.util.List;

/**
 * Overwrites the previous frame. While a frame is drawn, long lines are cut at the edge instead of wrapped, so that
 * each line of the frame takes one row and the cursor can be moved back up by their number.
 */
final class RedrawnDisplay implements Display {
    private static final String ESCAPE = "\u001b[";
    private static final String WRAP_OFF = ESCAPE + "?7l";
    private static final String WRAP_ON = ESCAPE + "?7h";
    private static final String CLEAR_REST_OF_LINE = ESCAPE + "K";
    private static final String CLEAR_BELOW = ESCAPE + "J";

    private final PrintStream out;
    private int drawn;

    RedrawnDisplay(PrintStream out) {
        this.out = out;
    }

    @Override
    public void update(long nowNanos, List<String> block, String line) {
        draw(block);
    }

    @Override
    public void finish(List<String> block, String line) {
        draw(block);
        drawn = 0;
    }

    private void draw(List<String> block) {
        StringBuilder frame = new StringBuilder(WRAP_OFF);
        if (drawn > 0) {
            frame.append(ESCAPE).append(drawn).append("A\r");
        }
        for (String row : block) {
            frame.append(row).append(CLEAR_REST_OF_LINE).append('\n');
        }
        frame.append(CLEAR_BELOW).append(WRAP_ON);
        out.print(frame);
        out.flush();
        drawn = block.size();
    }
}
