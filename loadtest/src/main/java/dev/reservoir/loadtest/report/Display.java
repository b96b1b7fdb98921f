package dev.reservoir.loadtest.report;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;

/** Shows something that changes: redrawn in place on a terminal, as a line every few seconds elsewhere. */
public interface Display {
    /**
     * Shows the state now.
     *
     * @param nowNanos a clock that only rises
     * @param block the whole state, for a terminal
     * @param line the same in one line, for a file or pipe
     */
    void update(long nowNanos, List<String> block, String line);

    /** Shows the last state, which stays; output after this comes below it. */
    void finish(List<String> block, String line);

    /** The form that fits the terminal. */
    static Display on(Terminal terminal, PrintStream out) {
        return terminal.interactive() ? new RedrawnDisplay(out) : new LineDisplay(out, Duration.ofSeconds(5));
    }
}
