// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.v1.Example;
import java.util.List;
import org.junit.jupiter.api.Test;

final class WorkloadTest {

    private static final long SEED = 7;

    @Test
    void refusesUnusableComponents() {
        Workload sound = XorBits.generate(SEED);
        assertThatThrownBy(() -> with(sound, "Bits", "accuracy", sound.test(), 0.5))
                .hasMessageContaining("id: \"Bits\"");
        assertThatThrownBy(() -> with(sound, "bits", "f1", sound.test(), 0.5)).hasMessageContaining("metric: \"f1\"");
        assertThatThrownBy(() -> with(sound, "bits", "mae", List.of(), 0.5)).hasMessageContaining("0 test");
        assertThatThrownBy(() -> with(sound, "bits", "mae", sound.test(), Double.NaN))
                .hasMessageContaining("baseline: NaN");
    }

    private static Workload with(Workload sound, String id, String metric, List<Example> test, double baseline) {
        return new Workload(
                id,
                sound.title(),
                sound.spec(),
                metric,
                new Workload.Data(sound.train(), test, sound.data().source()),
                new Baseline(baseline, sound.baseline().name()));
    }
}
