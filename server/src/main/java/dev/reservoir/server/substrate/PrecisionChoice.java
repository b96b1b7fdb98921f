package dev.reservoir.server.substrate;

import dev.reservoir.server.substrate.torch.BareProduct;
import dev.reservoir.server.substrate.torch.Products;
import java.util.Locale;

/**
 * How the frozen products run, and why.
 *
 * @param reason a sentence for people
 */
record PrecisionChoice(Products products, String reason) {
    private static final int ROWS = 256;
    private static final int INNER = 384;
    private static final int OUTER = 1536;
    private static final int ROUNDS = 5;
    private static final long LIMIT_NANOS = 200_000_000L;

    /** bf16 must win by this much: it is the less exact of the two. */
    private static final double LEAST_GAIN = 1.1;

    /**
     * Chooses for a processor: asks for the capability first, then measures small products, for 0.2 s at most.
     *
     * @throws IllegalArgumentException when bf16 is asked of a processor that has it not
     */
    static PrecisionChoice onProcessor(Precision asked, Processor processor, BareProduct product) {
        if (asked == Precision.F32) {
            return new PrecisionChoice(Products.PACKED_F32, "f32 was asked for");
        }
        if (asked == Precision.BF16) {
            if (!processor.bf16()) {
                throw new IllegalArgumentException(
                        "precision: bf16 (expected: f32 or auto, because " + processor.model()
                                + " has neither avx512_bf16 nor amx_bf16 and would run bf16 10 to 100 times slower"
                                + " than f32)");
            }
            return new PrecisionChoice(Products.PLAIN_BF16, "bf16 was asked for");
        }
        if (!processor.bf16()) {
            return new PrecisionChoice(
                    Products.PACKED_F32, processor.model() + " has neither avx512_bf16 nor amx_bf16");
        }
        double low = fastest(product, BareProduct.Kernel.BF16);
        double full = fastest(product, BareProduct.Kernel.PACKED_F32);
        String measured = String.format(
                Locale.ROOT,
                "a product %dx%dx%d runs at %.0f GFLOP/s in bf16 and %.0f in f32 on %s",
                ROWS,
                INNER,
                OUTER,
                low,
                full,
                processor.model());
        return new PrecisionChoice(low >= LEAST_GAIN * full ? Products.PLAIN_BF16 : Products.PACKED_F32, measured);
    }

    /** On an accelerator nothing is measured: bf16 unless f32 is asked for. */
    static PrecisionChoice onAccelerator(Precision asked) {
        return asked == Precision.F32
                ? new PrecisionChoice(Products.PLAIN_F32, "f32 was asked for")
                : new PrecisionChoice(Products.PLAIN_BF16, "the device multiplies bf16 itself");
    }

    private static double fastest(BareProduct product, BareProduct.Kernel kernel) {
        product.prepare(kernel, ROWS, INNER, OUTER);
        long spent = product.nanos(kernel, 1);
        long best = spent;
        for (int round = 0; round < ROUNDS && spent < LIMIT_NANOS / 2; round++) {
            long nanos = product.nanos(kernel, 1);
            spent += nanos;
            best = Math.min(best, nanos);
        }
        return 2.0 * ROWS * INNER * OUTER / best;
    }
}
