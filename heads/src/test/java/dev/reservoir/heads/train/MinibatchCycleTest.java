// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.ObservationRows;
import java.util.List;
import org.junit.jupiter.api.Test;

class MinibatchCycleTest {
    private final MinibatchCycle cycle = new MinibatchCycle(new HeadName("tests", "head"), 2, 3);

    private static MinibatchExample example(long sequence) {
        return new MinibatchExample(sequence, ObservationRows.dense(1, new float[] {1}), List.of());
    }

    private void makeDue(long first) {
        cycle.gather(example(first));
        assertThat(cycle.updateDue()).isFalse();
        cycle.gather(example(first + 1));
        assertThat(cycle.updateDue()).isTrue();
    }

    @Test
    void theFirstUpdateOfAMinibatchIsOnItsOwnExamplesAndTheOthersAreNot() {
        for (int round = 0; round < 2; round++) {
            makeDue(1);
            for (int update = 0; update < 3; update++) {
                assertThat(cycle.updateDue()).isTrue();
                cycle.begin();
                assertThat(cycle.onFresh()).isEqualTo(update == 0);
                assertThat(cycle.minibatch()).hasSize(2);
                cycle.finish();
            }
            assertThat(cycle.updateDue()).isFalse();
            assertThat(cycle.minibatch()).isEmpty();
            assertThat(cycle.bytes()).isZero();
        }
    }

    @Test
    void aShorterMinibatchIsEndedOnceAndAnEmptyOneNot() {
        cycle.end();
        assertThat(cycle.updateDue()).isFalse();
        cycle.gather(example(1));
        cycle.end();
        assertThat(cycle.updateDue()).isTrue();
        assertThat(cycle.minibatch()).hasSize(1);
        assertThat(cycle.bytes()).isEqualTo(example(1).bytes());
    }

    @Test
    void anAbortedUpdateReturnsTheExamplesThatAreNotLearned() {
        makeDue(7);
        cycle.begin();
        assertThat(cycle.abort()).containsExactly(7L, 8L);
        makeDue(9);
        cycle.begin();
        cycle.finish();
        cycle.begin();
        assertThat(cycle.abort()).as("the minibatch itself was learned").isEmpty();
        cycle.gather(example(11));
    }

    @Test
    void nothingIsGatheredOnceItIsStopped() {
        makeDue(1);
        cycle.begin();
        assertThat(cycle.stop()).containsExactly(1L, 2L);
        assertThatThrownBy(() -> cycle.gather(example(3)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("tenants/tests/heads/head: STOPPED (expected: GATHERING)");
    }

    @Test
    void stepsOutOfTurnAreRefusedAndChangeNothing() {
        assertThatThrownBy(cycle::begin).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(cycle::finish).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(cycle::abort).isInstanceOf(IllegalStateException.class);
        makeDue(1);
        assertThatThrownBy(() -> cycle.gather(example(3))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(cycle::end).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(cycle::finish).isInstanceOf(IllegalStateException.class);
        cycle.begin();
        assertThatThrownBy(cycle::begin).isInstanceOf(IllegalStateException.class);
        assertThat(cycle.abort()).containsExactly(1L, 2L);
    }
}
