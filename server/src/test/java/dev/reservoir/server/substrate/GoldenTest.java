package dev.reservoir.server.substrate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInput;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The values that data.md gives for the artifact. */
final class GoldenTest {
    @Test
    void miniLmGivesThePublishedSentenceEmbedding() {
        try (OpenSubstrate open = Substrates.open(SubstrateOptions.of("minilm").withPrecision(Precision.F32))) {
            int[] ids = open.tokenizer().encode("This is an example sentence", 128);
            HiddenStates hidden = open.substrate().forward(List.of(new SubstrateInput.TokenIds(ids)));
            System.out.println(open.substrate().info());
            double[] pooled = new double[hidden.width()];
            double square = 0;
            for (int d = 0; d < pooled.length; d++) {
                for (int t = 0; t < ids.length; t++) {
                    pooled[d] += hidden.values()[t * hidden.width() + d] / ids.length;
                }
                square += pooled[d] * pooled[d];
            }
            double norm = Math.sqrt(square);
            assertThat(new double[] {pooled[0] / norm, pooled[1] / norm, pooled[2] / norm, pooled[3] / norm})
                    .containsExactly(
                            new double[] {0.06766, 0.06350, 0.04871, 0.07931},
                            org.assertj.core.data.Offset.offset(1e-5));
        }
    }
}
