package dev.reservoir.heads.readout;

import org.jspecify.annotations.Nullable;

/**
 * One row of features with its checked truth; an item is one row, or one a labelled token.
 *
 * @param values holds the row at {@code [from, from + F)}
 * @param item index of its item in the call
 * @param last whether it is its item's last row
 * @param known outputs known before its item
 * @param outputs outputs known with its item
 * @param hot outputs whose truth is 1, all others being 0; null for values
 * @param dense the truth of every output; null for labels
 * @param unit one of an output's inside in its original unit, by output modulo length; null where they are the same
 */
record Row(
        float[] values,
        int from,
        int item,
        boolean last,
        int known,
        int outputs,
        int @Nullable [] hot,
        float @Nullable [] dense,
        float @Nullable [] unit) {

    /** Writes the truth into {@code truth[0 .. outputs)}. */
    void fill(float[] truth) {
        if (dense != null) {
            System.arraycopy(dense, 0, truth, 0, outputs);
            return;
        }
        java.util.Arrays.fill(truth, 0, outputs, 0);
        if (hot != null) {
            for (int output : hot) {
                truth[output] = 1;
            }
        }
    }
}
