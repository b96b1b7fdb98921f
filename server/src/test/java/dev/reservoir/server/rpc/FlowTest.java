// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlowTest {
    @Test
    void closesAtAnyBoundAndOpensAgain() {
        Flow flow = new Flow(2, 100, 1_000);
        assertThat(flow.open()).isTrue();
        flow.take(1, 999);
        assertThat(flow.open()).isTrue();
        flow.take(1, 0);
        assertThat(flow.open()).as("two messages").isFalse();
        flow.give(1, 1, 0);
        assertThat(flow.open()).isTrue();
        flow.take(99, 0);
        flow.give(1, 1, 999);
        assertThat(flow.open()).as("weight 99").isTrue();
        flow.take(1, 0);
        assertThat(flow.open()).isFalse();
        flow.give(2, 100, 0);
        assertThat(flow.idle()).isTrue();
        flow.take(0, 5_000);
        assertThat(flow.open()).as("one large message is taken whole").isFalse();
    }

    @Test
    void releasingMoreThanWasReservedIsADefect() {
        Flow flow = new Flow(2, 100, 1_000);
        flow.take(1, 10);
        assertThatThrownBy(() -> flow.give(1, 1, 11)).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "1n, 1",
        "20u, 20000",
        "3m, 3000000",
        "4S, 4000000000",
        "5M, 300000000000",
        "1H, 3600000000000",
        "99999999H, 9223372036854775807",
        "123456789S, 9223372036854775807",
        "5, 9223372036854775807",
        "-1S, 9223372036854775807",
        "0S, 0"
    })
    void timeoutsAreReadInTheirUnits(String header, long nanos) {
        assertThat(Timeouts.nanos(header)).isEqualTo(nanos);
        assertThat(Timeouts.nanos(null)).isEqualTo(Long.MAX_VALUE);
    }
}
