// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.torch;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Whether the hidden states of a sequence are bit-identical alone and in a batch, checked at startup on the serving
 * machine.
 *
 * @param text what was compared, and the first difference if there is one
 */
public record CoBatchingCheck(boolean identical, String text) {
    /** A pass to be checked. */
    public interface Pass {
        HiddenStates forward(List<SubstrateInput> sequences);
    }

    /** Together more rows than those from which on kernels are known to differ. */
    private static final int[] LENGTHS = {1, 2, 3, 5, 8, 13, 16, 31, 49, 64, 130};

    public static CoBatchingCheck of(Pass pass, PackedBatch.Limits limits) {
        int[] lengths = Arrays.stream(LENGTHS)
                .filter(length -> length <= limits.positions())
                .toArray();
        SplittableRandom random = new SplittableRandom(7);
        List<SubstrateInput> sequences = new ArrayList<>();
        for (int length : lengths) {
            int[] ids = random.ints(length, 0, limits.vocabulary()).toArray();
            sequences.add(new SubstrateInput.TokenIds(ids));
        }
        HiddenStates together = pass.forward(sequences);
        for (int i = 0; i < lengths.length; i++) {
            HiddenStates alone = pass.forward(sequences.subList(i, i + 1));
            int start = together.start(i);
            float[] among = Arrays.copyOfRange(together.values(), start, start + alone.values().length);
            if (!Arrays.equals(alone.values(), among)) {
                return new CoBatchingCheck(
                        false, "a sequence of " + lengths[i] + " tokens differs alone and among " + lengths.length);
            }
        }
        return new CoBatchingCheck(
                true, "sequences of " + Arrays.toString(lengths) + " tokens, alone and in one batch: every bit equal");
    }
}
