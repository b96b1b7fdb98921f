package dev.reservoir.heads.task;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The checked truth of one row of features; an example has one row, or one a labelled token.
 *
 * @param place which row of the example's features it belongs to
 * @param last whether it is the last of its example
 * @param known outputs known before the example
 * @param outputs outputs known with the example
 * @param hot outputs whose truth is 1, all others being 0; null for values
 * @param dense the truth of every output; null for labels
 * @param unit one of an output's inside in its original unit, by output modulo length; null where they are the same
 */
public record Truth(
        int place,
        boolean last,
        int known,
        int outputs,
        int @Nullable [] hot,
        float @Nullable [] dense,
        float @Nullable [] unit) {

    /** Writes the truth into {@code truth[0 .. outputs)}. */
    public void fill(float[] truth) {
        if (dense != null) {
            System.arraycopy(dense, 0, truth, 0, outputs);
            return;
        }
        Arrays.fill(truth, 0, outputs, 0);
        if (hot != null) {
            for (int output : hot) {
                truth[output] = 1;
            }
        }
    }
}
