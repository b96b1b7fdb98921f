package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.run.RunFailure;
import java.util.List;

/** One thing to measure; it may give several numbers. */
interface Figure {
    /** As {@code --only} takes it; what it gives is named {@code name} or {@code name.part}. */
    String name();

    /** What is held against what, one line. */
    String about();

    /**
     * Measures.
     *
     * @throws RunFailure where that is not possible
     */
    List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException;

    /** Hears how far a figure has come. */
    interface Progress {
        /** @param what a few words */
        void at(String what);
    }
}
