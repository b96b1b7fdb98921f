// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.math.NotFinite;
import dev.reservoir.heads.state.SharedPartWriter;
import dev.reservoir.state.v1.Readout;
import java.util.List;

/**
 * A learning rule: weights {@code [C, F + 1]}, one row per output, the last column the bias. Not thread-safe.
 *
 * <p>Order of calls for a row: {@link #announce} once with all rows of the call, then {@link #grow}, {@link #scores},
 * {@link #learn} a row.
 */
interface Rule extends AutoCloseable {
    /** Rows that {@link #learn} will be called with, in this order. */
    void announce(List<Row> rows);

    /** Grows the rule to {@code outputs} outputs; new ones begin with weights 0. */
    void grow(int outputs);

    /** Outputs that it has grown to. */
    int outputs();

    /**
     * Writes the scores of the current weights, before any link function, into {@code scores[0 .. row.outputs())}.
     *
     * @param index index of the row among the announced ones
     * @throws NotFinite if the row cannot be learned; then nothing that is served has changed
     */
    void scores(int index, Row row, float[] scores);

    /**
     * Learns the row that was scored last.
     *
     * @param scores of {@link #scores}
     * @param truth {@code [row.outputs()]}
     * @return the loss before learning, summed over outputs
     * @throws NotFinite before anything has changed
     */
    double learn(Row row, float[] scores, float[] truth);

    /** Makes the step of an unfinished minibatch, as if it were full; does nothing if the minibatch is empty. */
    void flush();

    /** Weights as they are served now; never written to again. */
    Weights weights();

    /** Steps made so far. */
    long updates();

    /**
     * Goes on from a stored state; nothing has been learned before. If this fails, the rule is to be closed.
     *
     * @throws UnusableState DAMAGED, MISSING_PART, UNKNOWN_VERSION or OTHER_DIGEST_KEY
     */
    void restore(StoredReadout stored);

    /** Adds all that learning depends on to the state of the readout. To be called between calls of learn. */
    void save(Readout.Builder state, SharedPartWriter parts);

    /** Bytes of memory used besides the weights; shared memory counts in full. */
    long bytes();

    @Override
    void close();
}
