// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import com.google.common.primitives.Floats;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate.Gradients;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.TracedForward;
import dev.reservoir.server.substrate.torch.FrozenTensor;
import dev.reservoir.server.substrate.torch.Products;
import dev.reservoir.server.substrate.torch.ProgramSource;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Digest, refusals, memory and the end of a substrate, on a tiny one. */
final class LifecycleTest {
    private static final BertShape SHAPE = Fixtures.TINY;

    private final SplittableRandom random = new SplittableRandom(9);
    private final NormBank bank = Fixtures.bank(random, 2, SHAPE);
    private final BertWeights weights = BertWeights.random(SHAPE, 3);
    private BertProgram program;
    private BertSubstrate substrate;

    @BeforeEach
    void open() {
        program = Fixtures.program(weights, Products.PACKED_F32);
        substrate = Fixtures.substrate(program, bank);
    }

    @AfterEach
    void close() {
        substrate.close();
    }

    @Test
    void digestIsTheSameAfterUse() {
        String before = substrate.info().digest();
        substrate.forward(List.of(Fixtures.ids(random, 6, SHAPE), Fixtures.rows(random, 3, SHAPE)));
        try (TracedForward traced = substrate.trace(List.of(Fixtures.rows(random, 6, SHAPE)), bank, new int[] {1})) {
            traced.gradients(Fixtures.floats(random, 6 * SHAPE.width(), 0, 1));
        }
        assertThat(substrate.liveDigest()).isEqualTo(before);
    }

    @Test
    void digestDependsOnWeightsShapeAndProductsAlone() {
        String digest = substrate.info().digest();
        assertThat(digestOf(BertWeights.random(SHAPE, 3), Products.PACKED_F32)).isEqualTo(digest);
        assertThat(digestOf(BertWeights.random(SHAPE, 4), Products.PACKED_F32)).isNotEqualTo(digest);
        assertThat(digestOf(weights, Products.PLAIN_F32)).isNotEqualTo(digest);
        assertThat(digestOf(weights, Products.PLAIN_BF16)).isNotEqualTo(digest);
        BertShape otherHeads = new BertShape(2, 48, 4, 600, 50, 40, 2, 1e-12);
        assertThat(digestOf(BertWeights.random(otherHeads, 3), Products.PACKED_F32))
                .isNotEqualTo(digest);
    }

    @Test
    void digestSeesOneBitOfEveryWeight() {
        String digest = substrate.info().digest();
        for (FrozenTensor tensor : weights.all()) {
            int at = random.nextInt(tensor.values().remaining());
            byte old = tensor.values().get(at);
            tensor.values().put(at, (byte) (old ^ 1));
            assertThat(digestOf(weights, Products.PACKED_F32)).as(tensor.name()).isNotEqualTo(digest);
            tensor.values().put(at, old);
        }
        assertThat(digestOf(weights, Products.PACKED_F32)).isEqualTo(digest);
    }

    @Test
    void saysWhatIsWrongWithSequences() {
        refused("sequences: 0 (expected: >= 1)", List.of());
        refused("sequence 0: 0 tokens (expected: 1 to 40)", List.of(new SubstrateInput.TokenIds(new int[0])));
        refused("sequence 0: 41 tokens (expected: 1 to 40)", List.of(Fixtures.ids(random, 41, SHAPE)));
        refused(
                "sequence 1: token id 50 (expected: 0 to 49)",
                List.of(Fixtures.ids(random, 2, SHAPE), new SubstrateInput.TokenIds(new int[] {3, 50})));
        refused("sequence 0: token id -1 (expected: 0 to 49)", List.of(new SubstrateInput.TokenIds(new int[] {-1})));
        refused(
                "sequence 0: 47 numbers (expected: 1 rows of 48)",
                List.of(new SubstrateInput.Embeddings(new float[47], 1)));
    }

    @Test
    void saysWhatIsWrongWithNorms() {
        List<SubstrateInput> one = List.of(Fixtures.ids(random, 2, SHAPE));
        assertThatThrownBy(() -> substrate.forward(one, bank, new int[] {2})).hasMessage("slot: 2 (expected: 0 to 1)");
        assertThatThrownBy(() -> substrate.forward(one, bank, new int[] {0, 1}))
                .hasMessage("slots: 2 (expected: one a sequence, 1)");
        NormBank small = new NormBank(new float[3], new float[3], 1);
        assertThatThrownBy(() -> substrate.forward(one, small, new int[] {0}))
                .hasMessage("norm bank: 1 slots, 3 gains, 3 biases (expected: at least 1 slot of 240 each)");
    }

    @Test
    void ownNormsAsABankGiveTheSameHiddenStates() {
        List<SubstrateInput> sequences = List.of(Fixtures.ids(random, 7, SHAPE), Fixtures.ids(random, 2, SHAPE));
        NaiveBert naive = new NaiveBert(weights);
        NormBank own = new NormBank(floats(naive.gains()), floats(naive.biases()), 1);
        double[] expected = Fixtures.doubles(substrate.forward(sequences).values());
        float[] banked = substrate.forward(sequences, own, new int[2]).values();
        assertThat(Fixtures.relativeError(banked, expected)).isLessThan(1e-5);
    }

    @Test
    void refusesWorkAfterClose() {
        List<SubstrateInput> one = List.of(Fixtures.ids(random, 2, SHAPE));
        substrate.close();
        substrate.close();
        assertThatThrownBy(() -> substrate.forward(one))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("program bert.py: closed (expected: open)");
        assertThatThrownBy(substrate::liveDigest).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void gradientsAreRightAfterTheirPreparationFailedHalfWay() {
        // The program fails once, as an allocation would, when one of two layers is prepared.
        String text = BertProgram.source().modules().get("bert");
        Map<String, String> modules = new LinkedHashMap<>(BertProgram.source().modules());
        modules.put(
                "bert",
                text.replace("      out = ", "      failed = self.fail_once(l)\n      l += 1\n      out = ")
                                .replace(
                                        "    for layer in self.layers:\n", "    l = 0\n    for layer in self.layers:\n")
                        + "\n  def fail_once(self, l: int) -> int:"
                        + "\n    if l == 1 and len(self.table) == 3:"
                        + "\n      self.table = self.table + self.table"
                        + "\n      return torch.zeros([2]).reshape([3]).size(0)"
                        + "\n    return 0\n");
        float[] upstream = Fixtures.floats(random, 6 * SHAPE.width(), 0, 1);
        List<SubstrateInput> rows = List.of(Fixtures.rows(random, 6, SHAPE));
        for (Products products : Products.values()) {
            ProgramSource failing = new ProgramSource("bert", modules);
            try (BertProgram broken = new BertProgram(failing, weights, products, Device.cpu(), 1);
                    BertProgram sound = Fixtures.program(weights, products)) {
                BertSubstrate after = Fixtures.substrate(broken, bank);
                assertThatThrownBy(() -> after.trace(rows, bank, new int[1])).hasMessageContaining("reshape");
                assertThat(gradients(after, rows, upstream))
                        .isEqualTo(gradients(Fixtures.substrate(sound, bank), rows, upstream));
            }
        }
    }

    private List<List<Float>> gradients(BertSubstrate of, List<SubstrateInput> rows, float[] upstream) {
        try (TracedForward traced = of.trace(rows, bank, new int[1])) {
            Gradients gradients = traced.gradients(upstream);
            return List.of(
                    Floats.asList(gradients.embeddings()),
                    Floats.asList(gradients.gains()),
                    Floats.asList(gradients.biases()));
        }
    }

    @Test
    void nativeMemoryDoesNotGrowWithUse() throws Exception {
        // In a process of its own, whose Java heap is resident from the start: what grows is native.
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xms256m",
                        "-Xmx256m",
                        "-XX:+AlwaysPreTouch",
                        "-cp",
                        System.getProperty("java.class.path"),
                        MemoryProbe.class.getName())
                .redirectErrorStream(true)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor()).as(output).isZero();
        assertThat(Long.parseLong(output.substring(output.lastIndexOf(' ') + 1).trim()))
                .as("kilobytes after 2,000 passes that leave 380 MB behind if their tensors are not freed")
                .isLessThan(100_000);
    }

    private void refused(String message, List<SubstrateInput> sequences) {
        assertThatThrownBy(() -> substrate.forward(sequences))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private static String digestOf(BertWeights weights, Products products) {
        try (BertProgram program = Fixtures.program(weights, products)) {
            return program.digest();
        }
    }

    private static float[] floats(double[] numbers) {
        float[] narrow = new float[numbers.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (float) numbers[i];
        }
        return narrow;
    }
}
