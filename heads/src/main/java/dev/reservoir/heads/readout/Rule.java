// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.math.NotFinite;
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

    /** Bytes of memory used besides the weights; shared memory counts in full. */
    long bytes();

    @Override
    void close();
}
