// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The messages for options that cannot be satisfied. */
final class SubstratesTest {
    @Test
    void unknownNamesAndDevicesAreRefusedBeforeAnythingIsLoaded() {
        assertThatThrownBy(() -> Substrates.open(SubstrateOptions.of("gpt9")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("substrate: gpt9 (expected: minilm or random:minilm)");
        assertThatThrownBy(() -> new SubstrateOptions("minilm", Precision.AUTO, "tpu", 1))
                .hasMessage("device: tpu (expected: auto, cpu or cuda:N)");
        assertThatThrownBy(() -> Substrates.open(new SubstrateOptions("minilm", Precision.AUTO, "cuda:99", 1)))
                .hasMessageContaining("device: cuda:99 (expected: cpu, or one of the");
        assertThatThrownBy(() -> Precision.of("int8")).hasMessage("precision: int8 (expected: auto, bf16 or f32)");
    }
}
