// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.server.substrate.PrecisionChoice.Stopwatch;
import dev.reservoir.server.substrate.torch.BareProduct.Kernel;
import dev.reservoir.server.substrate.torch.Products;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Which number type is chosen, and why. */
final class PrecisionChoiceTest {
    private static final Processor WITH =
            Processor.parse(List.of("model name\t: Some Processor", "flags\t\t: fpu avx2 avx512f avx512_bf16 sse"));
    private static final Processor WITHOUT =
            Processor.parse(List.of("model name\t: Old Processor", "flags\t\t: fpu avx2 sse"));

    private static final Stopwatch NEVER = kernel -> {
        throw new AssertionError("measured");
    };

    @Test
    void readsTheCapabilityFromTheFlags() {
        assertThat(WITH).isEqualTo(new Processor("Some Processor", true));
        assertThat(WITHOUT).isEqualTo(new Processor("Old Processor", false));
        assertThat(Processor.parse(List.of("flags : amx_bf16")).bf16()).isTrue();
        assertThat(Processor.parse(List.of("flags : xavx512_bf16x")).bf16()).isFalse();
        assertThat(Processor.parse(List.of())).isEqualTo(new Processor("unknown processor", false));
    }

    @Test
    void autoChoosesF32WithoutTheCapabilityAndSaysWhy() {
        PrecisionChoice choice = PrecisionChoice.onProcessor(Precision.AUTO, WITHOUT, NEVER);
        assertThat(choice.products()).isEqualTo(Products.PACKED_F32);
        assertThat(choice.reason()).isEqualTo("Old Processor has neither avx512_bf16 nor amx_bf16");
    }

    @Test
    void aRequestedPrecisionIsUsedWithoutMeasuring() {
        assertThat(PrecisionChoice.onProcessor(Precision.F32, WITH, NEVER).products())
                .isEqualTo(Products.PACKED_F32);
        assertThat(PrecisionChoice.onProcessor(Precision.BF16, WITH, NEVER).products())
                .isEqualTo(Products.PLAIN_BF16);
        assertThatThrownBy(() -> PrecisionChoice.onProcessor(Precision.BF16, WITHOUT, NEVER))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("precision: bf16 (expected: f32 or auto, because Old Processor");
    }

    /** Seen on one machine: 48 GFLOP/s in bf16 beside other load and 169 in f32; 341 and 209 without load. */
    @Test
    void autoChoosesBf16WhateverLoadSlowsItsRounds() {
        for (long seed = 0; seed < 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            PrecisionChoice choice = PrecisionChoice.onProcessor(Precision.AUTO, WITH, kernel ->
                    (long) (kernel == Kernel.BF16 ? 886_000 * (1 + 6 * random.nextDouble()) : 1_445_000));
            assertThat(choice.products()).as("seed %d", seed).isEqualTo(Products.PLAIN_BF16);
        }
    }

    @Test
    void autoMeasuresAgainWhenInDoubt() {
        AtomicInteger rounds = new AtomicInteger();
        PrecisionChoice choice = PrecisionChoice.onProcessor(
                Precision.AUTO,
                WITH,
                kernel -> kernel == Kernel.BF16 && rounds.incrementAndGet() < 12 ? 60_000_000 : 1_000_000);
        assertThat(choice.products()).isEqualTo(Products.PLAIN_BF16);
        assertThat(choice.reason())
                .isEqualTo("Some Processor multiplies bf16 itself; a product 256x384x1536 ran at 302 GFLOP/s in bf16"
                        + " and 302 in f32");
    }

    @Test
    void autoGivesBf16UpIfItAlwaysRunsInReferenceCodeAndStopsAtItsLimit() {
        AtomicLong spent = new AtomicLong();
        PrecisionChoice choice = PrecisionChoice.onProcessor(Precision.AUTO, WITH, kernel -> {
            long nanos = kernel == Kernel.BF16 ? 400_000_000 : 3_000_000;
            spent.addAndGet(nanos);
            return nanos;
        });
        assertThat(choice.products()).isEqualTo(Products.PACKED_F32);
        assertThat(choice.reason())
                .isEqualTo("Some Processor says that it multiplies bf16 itself, but a product 256x384x1536 ran at"
                        + " 1 GFLOP/s in bf16 and 101 in f32 at best");
        assertThat(spent.get()).isEqualTo(3 * 2 * 403_000_000L);
    }
}
