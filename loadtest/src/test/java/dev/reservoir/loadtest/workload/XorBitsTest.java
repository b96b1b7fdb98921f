// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.v1.Example;
import java.util.List;
import org.junit.jupiter.api.Test;

final class XorBitsTest {

    private static final long SEED = 7;

    @Test
    void labelsAreTheXorAndNoSingleBitPredictsThem() {
        Workload workload = XorBits.generate(SEED);
        int[] agreements = new int[16];
        for (Example example : workload.train()) {
            List<Integer> bits = example.getObservation().getTokens().getSymbolsList();
            int differ = example.getTarget().getLabel().equals("differ") ? 1 : 0;
            assertThat(bits).hasSize(16);
            assertThat((bits.get(2) + bits.get(13)) % 2).isEqualTo(differ);
            for (int place = 0; place < 16; place++) {
                agreements[place] += bits.get(place) == differ ? 1 : 0;
            }
        }
        // Five standard deviations of 2,000 fair coins.
        for (int agreement : agreements) {
            assertThat(agreement).isBetween(1_000 - 112, 1_000 + 112);
        }
    }
}
