// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.run.RunFailure;
import java.util.List;

/** Something to measure; yields one or several values. */
interface Figure {
    /** The name that {@code --only} accepts; its values are named {@code name} or {@code name.part}. */
    String name();

    /** Describes what is compared with what, in one line. */
    String about();

    /**
     * Measures.
     *
     * @throws RunFailure if that is not possible
     */
    List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException;

    /** Receives how far a figure has come. */
    interface Progress {
        /** @param what a few words */
        void at(String what);
    }
}
