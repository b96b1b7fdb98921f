// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.task;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The checked truth of one row of features. An example has one row, or, for a task per token, one for each labelled
 * token.
 *
 * @param row index of the row among the rows of the example's features
 * @param last whether it is the last of its example
 * @param known outputs known before the example
 * @param outputs outputs known with the example, {@code C}
 * @param positives indices of the outputs whose truth is 1, all others being 0; null for tasks of values
 * @param values the truth of every output, {@code [C]}, in the units it is learned in; null for tasks of labels
 * @param scale what a difference in learned units is multiplied by to give one in the target's own units:
 *     {@code scale[c % scale.length]} for output {@code c}, one factor per channel of the series; null if both units
 *     are the same
 */
public record Truth(
        int row,
        boolean last,
        int known,
        int outputs,
        int @Nullable [] positives,
        float @Nullable [] values,
        float @Nullable [] scale) {

    /** Writes the truth into {@code truth[0 .. outputs)}. */
    public void fill(float[] truth) {
        if (values != null) {
            System.arraycopy(values, 0, truth, 0, outputs);
            return;
        }
        Arrays.fill(truth, 0, outputs, 0);
        if (positives != null) {
            for (int output : positives) {
                truth[output] = 1;
            }
        }
    }
}
