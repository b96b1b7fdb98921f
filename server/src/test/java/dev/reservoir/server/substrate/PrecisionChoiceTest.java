package dev.reservoir.server.substrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.server.substrate.torch.BareProduct;
import dev.reservoir.server.substrate.torch.Products;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Which number type is chosen, and why. */
final class PrecisionChoiceTest {
    private static final Processor WITH =
            Processor.parse(List.of("model name\t: Some Processor", "flags\t\t: fpu avx2 avx512f avx512_bf16 sse"));
    private static final Processor WITHOUT =
            Processor.parse(List.of("model name\t: Old Processor", "flags\t\t: fpu avx2 sse"));

    @Test
    void readsTheCapabilityFromTheFlags() {
        assertThat(WITH).isEqualTo(new Processor("Some Processor", true));
        assertThat(WITHOUT).isEqualTo(new Processor("Old Processor", false));
        assertThat(Processor.parse(List.of("flags : amx_bf16")).bf16()).isTrue();
        assertThat(Processor.parse(List.of("flags : xavx512_bf16x")).bf16()).isFalse();
        assertThat(Processor.parse(List.of())).isEqualTo(new Processor("unknown processor", false));
    }

    @Test
    void autoTakesF32WithoutTheCapabilityAndSaysWhy() {
        try (BareProduct product = new BareProduct(1, () -> 0)) {
            PrecisionChoice choice = PrecisionChoice.onProcessor(Precision.AUTO, WITHOUT, product);
            assertThat(choice.products()).isEqualTo(Products.PACKED_F32);
            assertThat(choice.reason()).isEqualTo("Old Processor has neither avx512_bf16 nor amx_bf16");
        }
    }

    @Test
    void bf16WithoutTheCapabilityIsRefused() {
        try (BareProduct product = new BareProduct(1, () -> 0)) {
            assertThatThrownBy(() -> PrecisionChoice.onProcessor(Precision.BF16, WITHOUT, product))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("precision: bf16 (expected: f32 or auto, because Old Processor");
            assertThat(PrecisionChoice.onProcessor(Precision.BF16, WITH, product)
                            .products())
                    .isEqualTo(Products.PLAIN_BF16);
        }
    }

    @Test
    void autoMeasuresWhereTheCapabilityIsThereAndStopsAtItsLimit() {
        // A clock on which every product takes a second: one of each must be enough.
        AtomicLong now = new AtomicLong();
        try (BareProduct product = new BareProduct(1, () -> now.getAndAdd(1_000_000_000L))) {
            PrecisionChoice choice = PrecisionChoice.onProcessor(Precision.AUTO, WITH, product);
            assertThat(choice.products()).as("no gain, so the exact one").isEqualTo(Products.PACKED_F32);
            assertThat(choice.reason()).startsWith("a product 256x384x1536 runs at 0 GFLOP/s in bf16 and 0 in f32");
            assertThat(now.get()).isEqualTo(4_000_000_000L);
        }
    }
}
