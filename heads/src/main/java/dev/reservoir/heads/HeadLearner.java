// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The mutable half of a head. Life cycle: made from a specification, given examples in order, {@link #snapshot} at any
 * time between, {@link #close}. Not thread-safe: the owner ensures that only one thread at a time calls it. How
 * examples are passed in depends on the kind: {@link FeatureLearner} for {@code READOUT} heads, {@code FptLearner} for
 * {@code FPT} heads.
 *
 * <p>What it has learned is a function of the specification and the ordered log of its examples and flushes alone:
 * neither how they are split into calls nor what other heads learn in the meantime changes a single bit.
 */
public interface HeadLearner extends AutoCloseable {

    /** Counts an example that was refused before it reached the learner, so that metrics report all refusals. */
    void countRefused();

    /**
     * Ends the minibatch that is being gathered: its examples are learned as if it were full, in a step on their own
     * mean gradient. Does nothing if there are none. A flush is part of the ordered log, because a shorter minibatch
     * makes a different step.
     */
    void flush();

    /** An immutable snapshot of what has been learned so far; later learning does not change it. */
    HeadSnapshot snapshot();

    /**
     * All that learning depends on, for another learner to go on from to the bit. Later learning does not change it.
     * May be called between any two calls of others, but not while an update is under way.
     *
     * @param stored whether the shared part with an id is at hand already, so that its bytes are left out
     */
    LearnerState state(Predicate<String> stored);

    /** Current metrics. */
    HeadMetrics metrics();

    /**
     * Why the head learns no more, or null while it learns. A failed learner refuses every item with
     * {@link Reason#HEAD_FAILED}.
     */
    @Nullable
    String failure();

    /** Changes what may be changed of the specification (rates, window, added labels); refuses anything else. */
    void update(HeadSpec spec);

    HeadSpec spec();

    /** Bytes of memory used, snapshot included; memory shared with other heads counts in full. Takes constant time. */
    long residentBytes();

    /** Exact number of trainable parameters for the labels known now. */
    long trainableParameters();

    /** Releases native memory. Snapshots stay usable. */
    @Override
    void close();
}
