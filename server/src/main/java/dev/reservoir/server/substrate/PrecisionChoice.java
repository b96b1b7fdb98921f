// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate;

import dev.reservoir.server.substrate.torch.BareProduct;
import dev.reservoir.server.substrate.torch.Products;
import java.util.Locale;

/**
 * How the products with frozen weights run, and why.
 *
 * <p>The number type decides what features mean, so it must not differ from start to start on one machine: {@code auto}
 * follows what the processor says it can do. A measurement can only overrule a processor that claims bf16 and runs it
 * in reference code, 10 to 100 times slower than f32, as under some hypervisors. Other load cannot: both kernels are
 * timed in turn, the fastest of many rounds counts, the margin is wide, and doubt is measured again.
 *
 * @param reason a human-readable sentence
 */
record PrecisionChoice(Products products, String reason) {
    private static final int ROWS = 256;
    private static final int INNER = 384;
    private static final int OUTER = 1536;

    private static final int ATTEMPTS = 3;
    private static final int ROUNDS = 7;
    private static final long ATTEMPT_LIMIT_NANOS = 300_000_000L;

    /** How many times slower than f32 the fastest round of bf16 must be in every attempt for f32 to be chosen. */
    private static final int VETO_RATIO = 4;

    /** Times one product. */
    interface Stopwatch {
        /** Nanoseconds of one product by a kernel. */
        long nanos(BareProduct.Kernel kernel);

        /** Times products of a fixed size. */
        static Stopwatch of(BareProduct bf16, BareProduct f32) {
            bf16.prepare(BareProduct.Kernel.BF16, ROWS, INNER, OUTER);
            f32.prepare(BareProduct.Kernel.PACKED_F32, ROWS, INNER, OUTER);
            return kernel -> (kernel == BareProduct.Kernel.BF16 ? bf16 : f32).nanos(kernel, 1);
        }
    }

    /**
     * Chooses for a processor.
     *
     * @param stopwatch used only if the choice is open and the processor claims bf16
     * @throws IllegalArgumentException if bf16 is requested from a processor without it
     */
    static PrecisionChoice onProcessor(Precision requested, Processor processor, Stopwatch stopwatch) {
        if (requested == Precision.F32) {
            return new PrecisionChoice(Products.PACKED_F32, "f32 was requested");
        }
        if (requested == Precision.BF16) {
            if (!processor.bf16()) {
                throw new IllegalArgumentException("precision: bf16 (expected: f32 or auto, because "
                        + processor.model() + " has neither avx512_bf16 nor amx_bf16 and would run bf16 10 to 100"
                        + " times slower than f32)");
            }
            return new PrecisionChoice(Products.PLAIN_BF16, "bf16 was requested");
        }
        if (!processor.bf16()) {
            return new PrecisionChoice(
                    Products.PACKED_F32, processor.model() + " has neither avx512_bf16 nor amx_bf16");
        }
        return confirmed(processor, stopwatch);
    }

    /** On an accelerator nothing is measured: bf16 unless f32 is requested. */
    static PrecisionChoice onAccelerator(Precision requested) {
        return requested == Precision.F32
                ? new PrecisionChoice(Products.PLAIN_F32, "f32 was requested")
                : new PrecisionChoice(Products.PLAIN_BF16, "the device multiplies bf16 itself");
    }

    private static PrecisionChoice confirmed(Processor processor, Stopwatch stopwatch) {
        long bf16 = Long.MAX_VALUE;
        long f32 = Long.MAX_VALUE;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            long spent = 0;
            for (int round = 0; round < ROUNDS && (round < 2 || spent < ATTEMPT_LIMIT_NANOS); round++) {
                long low = stopwatch.nanos(BareProduct.Kernel.BF16);
                long full = stopwatch.nanos(BareProduct.Kernel.PACKED_F32);
                spent += low + full;
                bf16 = Math.min(bf16, low);
                f32 = Math.min(f32, full);
            }
            if (bf16 / VETO_RATIO <= f32) {
                return new PrecisionChoice(
                        Products.PLAIN_BF16, processor.model() + " multiplies bf16 itself; " + rates(bf16, f32));
            }
        }
        return new PrecisionChoice(
                Products.PACKED_F32,
                processor.model() + " says that it multiplies bf16 itself, but " + rates(bf16, f32) + " at best");
    }

    private static String rates(long bf16, long f32) {
        double operations = 2.0 * ROWS * INNER * OUTER;
        return String.format(
                Locale.ROOT,
                "a product %dx%dx%d ran at %.0f GFLOP/s in bf16 and %.0f in f32",
                ROWS,
                INNER,
                OUTER,
                operations / bf16,
                operations / f32);
    }
}
