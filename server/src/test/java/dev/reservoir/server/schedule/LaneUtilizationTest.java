// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import static dev.reservoir.server.schedule.SchedulerFixture.MILLI;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LaneUtilizationTest {
    @ParameterizedTest
    @ValueSource(doubles = {0.05, 0.4, 1, 1.7})
    void isTheShareOfTheTimeThatServingTook(double lanes) {
        LaneUtilization load = new LaneUtilization();
        long now = 0;
        while (now < 10_000 * MILLI) {
            now += 20 * MILLI;
            load.served((long) (lanes * 20 * MILLI), now);
        }
        assertThat(load.lanes(now)).isCloseTo(lanes, offset(0.02 * lanes));
    }

    @Test
    void fallsToATenthInTwoAndAThirdSeconds() {
        LaneUtilization load = new LaneUtilization();
        load.served(1_000 * MILLI, 5 * MILLI);
        assertThat(load.lanes(5 * MILLI)).isEqualTo(1);
        assertThat(load.lanes(2_307 * MILLI)).isCloseTo(0.1, offset(0.001));
    }

    @Test
    void saysWhenItWillHaveFallen() {
        LaneUtilization load = new LaneUtilization();
        load.served(1_000 * MILLI, 0);
        long at = load.belowAtNanos(0.5, 0);
        assertThat(load.lanes(at)).isLessThan(0.5).isCloseTo(0.5, offset(1e-6));
        assertThat(load.lanes(at - 1_000)).isGreaterThan(0.5);
        assertThat(load.belowAtNanos(1.5, 7)).isEqualTo(7);
        assertThat(load.belowAtNanos(0, 7)).isEqualTo(Long.MAX_VALUE);
        assertThat(new LaneUtilization().belowAtNanos(0, 7)).isEqualTo(Long.MAX_VALUE);
    }
}
