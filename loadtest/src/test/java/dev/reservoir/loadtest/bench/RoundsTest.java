// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RoundsTest {
    @Test
    void dividesRoundByRoundAndTakesTurnsInBothOrders() throws Exception {
        List<String> order = new ArrayList<>();
        Iterator<Double> ours = List.of(10.0, 40.0, 90.0).iterator();
        Iterator<Double> theirs = List.of(10.0, 20.0, 30.0).iterator();
        Rounds rounds = new Rounds()
                .side("ours", () -> {
                    order.add("ours");
                    return ours.next();
                })
                .side("theirs", () -> {
                    order.add("theirs");
                    return theirs.next();
                })
                .run(3, what -> {});

        assertThat(order).containsExactly("ours", "theirs", "theirs", "ours", "ours", "theirs");
        assertThat(rounds.ratio("ours", "theirs")).isEqualTo(new Spread(2, 1, 3));
        assertThat(rounds.product("ours", "theirs")).isEqualTo(new Spread(800, 100, 2_700));
        assertThat(rounds.spread("ours")).isEqualTo(new Spread(40, 10, 90));
        assertThatThrownBy(() -> rounds.spread("nobody")).hasMessage("side: nobody (expected: one of [ours, theirs])");
    }

    @Test
    void theMedianOfAnEvenNumberIsBetweenTheMiddleTwo() {
        assertThat(Spread.of(4, 1, 2, 9)).isEqualTo(new Spread(3, 1, 9));
        assertThat(Spread.of(5)).isEqualTo(new Spread(5, 5, 5));
        assertThatThrownBy(Spread::of).hasMessage("numbers: none (expected: at least one)");
    }
}
