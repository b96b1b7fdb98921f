// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class TargetsTest {
    private static final Shape MIDDLE = new Shape(8, 64);
    private static final Shape SMALL = new Shape(1, 16);

    @Test
    void withBf16TheMiddleShapeMustLead() {
        Targets targets = new Targets(true);

        assertThat(targets.overBare("bf16", MIDDLE)).isEqualTo(Target.atLeast(0.75));
        assertThat(targets.overDjl(MIDDLE)).isEqualTo(Target.atLeast(3));
        assertThat(targets.overOnnxRuntime(MIDDLE)).isEqualTo(Target.atLeast(1.7));
        assertThat(targets.overBare("f32", MIDDLE)).isNull();
        assertThat(targets.overBare("bf16", SMALL)).isNull();
        assertThat(targets.overOnnxRuntime(SMALL)).isNull();
        assertThat(targets.overDjl(SMALL)).isNull();
    }

    @Test
    void withoutBf16NoShapeMayBeBehind() {
        Targets targets = new Targets(false);

        assertThat(targets.overBare("f32", MIDDLE)).isEqualTo(Target.atLeast(0.95));
        assertThat(targets.overBare("f32", SMALL)).isNull();
        assertThat(targets.overOnnxRuntime(MIDDLE)).isEqualTo(Target.atLeast(1));
        assertThat(targets.overOnnxRuntime(SMALL)).isEqualTo(Target.atLeast(1));
        assertThat(targets.overDjl(MIDDLE)).isNull();
    }

    @Test
    void trainingMustGainMoreWithBf16() {
        Targets low = new Targets(true);
        Targets full = new Targets(false);

        assertThat(low.fusedOverSequential(32, 1)).isEqualTo(Target.atLeast(5));
        assertThat(full.fusedOverSequential(32, 1)).isEqualTo(Target.atLeast(3.5));
        assertThat(low.fusedOverSequential(32, 4)).isEqualTo(Target.atLeast(2));
        assertThat(full.fusedOverSequential(32, 4)).isEqualTo(Target.atLeast(1.5));
        assertThat(full.fusedOverSequential(32, 16)).isNull();
        assertThat(full.fusedOverSequential(8, 1)).isNull();
        assertThat(low.trainingOverDjl(128)).isEqualTo(Target.atLeast(3.5));
        assertThat(full.trainingOverDjl(128)).isEqualTo(Target.atLeast(1.3));
        assertThat(full.trainingOverDjl(1)).isEqualTo(Target.atLeast(1.5));
        assertThat(low.trainingOverBare()).isEqualTo(Target.atLeast(0.70));
        assertThat(full.trainingOverBare()).isEqualTo(Target.atLeast(0.80));
    }

    @Test
    void aTargetIsReachedFromItsOwnSide() {
        assertThat(Target.atLeast(2).met(2)).isTrue();
        assertThat(Target.atLeast(2).met(1.99)).isFalse();
        assertThat(Target.atMost(2).met(2)).isTrue();
        assertThat(Target.atMost(2).met(2.01)).isFalse();
    }
}
