// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.server.substrate.Precision;
import dev.reservoir.server.substrate.SubstrateOptions;
import dev.reservoir.server.substrate.Substrates;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The default substrate against its published value and two independent implementations. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class MiniLmTest {
    private TunableSubstrate open;

    @BeforeAll
    void open() {
        open = Substrates.open(SubstrateOptions.of("minilm").withPrecision(Precision.F32))
                .tunable();
    }

    @AfterAll
    void close() {
        open.close();
    }

    @Test
    void givesThePublishedSentenceEmbedding() {
        int[] ids = open.tokenizer().encode("This is an example sentence", 128);
        HiddenStates hidden = open.forward(List.of(new SubstrateInput.TokenIds(ids)));
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
                .containsExactly(new double[] {0.06766, 0.06350, 0.04871, 0.07931}, Offset.offset(1e-5));
    }

    @Test
    void agreesWithPlainLoopsAtEveryLengthInOneMixedBatch() {
        NaiveBert naive = new NaiveBert(new MiniLmArtifact().weights());
        SplittableRandom random = new SplittableRandom(1);
        List<SubstrateInput> sequences = new ArrayList<>();
        for (int length : new int[] {49, 1, 512, 2, 16, 3, 128, 5, 16}) {
            sequences.add(Fixtures.ids(random, length, BertShape.MINILM));
        }
        HiddenStates hidden = open.forward(sequences);
        for (int i = 0; i < sequences.size(); i++) {
            double[] rows = naive.words(((SubstrateInput.TokenIds) sequences.get(i)).ids());
            double[] expected = naive.forward(rows, naive.gains(), naive.biases());
            assertThat(Fixtures.relativeError(Fixtures.sequence(hidden, i), expected))
                    .as("%d tokens", hidden.tokens(i))
                    .isLessThan(1e-4);
        }
    }

    @Test
    void agreesWithOnnxRuntime() throws OrtException {
        SplittableRandom random = new SplittableRandom(2);
        ByteBuffer model = MiniLmArtifact.bytes("/all-minilm-l6-v2.onnx");
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            try (OrtSession session = environment.createSession(model, options)) {
                for (int[] size : new int[][] {{1, 16}, {3, 7}, {8, 64}}) {
                    agreesWithOnnxRuntime(environment, session, random, size[0], size[1]);
                }
            }
        }
    }

    private void agreesWithOnnxRuntime(
            OrtEnvironment environment, OrtSession session, SplittableRandom random, int count, int length)
            throws OrtException {
        List<SubstrateInput> sequences = new ArrayList<>();
        LongBuffer ids = LongBuffer.allocate(count * length);
        for (int i = 0; i < count; i++) {
            SubstrateInput.TokenIds sequence = Fixtures.ids(random, length, BertShape.MINILM);
            sequences.add(sequence);
            Arrays.stream(sequence.ids()).forEach(ids::put);
        }
        long[] shape = {count, length};
        long[] ones = new long[count * length];
        Arrays.fill(ones, 1);
        try (OnnxTensor input = OnnxTensor.createTensor(environment, ids.flip(), shape);
                OnnxTensor mask = OnnxTensor.createTensor(environment, LongBuffer.wrap(ones), shape);
                OnnxTensor types =
                        OnnxTensor.createTensor(environment, LongBuffer.wrap(new long[count * length]), shape);
                OrtSession.Result result =
                        session.run(Map.of("input_ids", input, "attention_mask", mask, "token_type_ids", types))) {
            float[][][] expected = (float[][][]) result.get(0).getValue();
            HiddenStates hidden = open.forward(sequences);
            for (int i = 0; i < count; i++) {
                float[] flat = new float[length * hidden.width()];
                for (int t = 0; t < length; t++) {
                    System.arraycopy(expected[i][t], 0, flat, t * hidden.width(), hidden.width());
                }
                assertThat(Fixtures.relativeError(Fixtures.sequence(hidden, i), Fixtures.doubles(flat)))
                        .as("%d x %d", count, length)
                        .isLessThan(1e-4);
            }
        }
    }

    @Test
    void embeddingsInPlaceOfIdsGiveTheSameBits() {
        SubstrateInput.TokenIds ids = Fixtures.ids(new SplittableRandom(3), 9, BertShape.MINILM);
        double[] words = new NaiveBert(new MiniLmArtifact().weights()).words(ids.ids());
        float[] rows = new float[words.length];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float) words[i];
        }
        HiddenStates both = open.forward(List.of(ids, new SubstrateInput.Embeddings(rows, 9)));
        assertThat(Fixtures.sequence(both, 1)).isEqualTo(Fixtures.sequence(both, 0));
    }

    @Test
    void tokenizerKeepsTheEndMarkWhenItCuts() {
        int[] whole = open.tokenizer().encode("one two three four", 128);
        int[] cut = open.tokenizer().encode("one two three four", 4);
        assertThat(whole).containsExactly(101, 2028, 2048, 2093, 2176, 102);
        assertThat(cut).containsExactly(101, 2028, 2048, 102);
        assertThat(open.tokenizer().encode("", 8)).containsExactly(101, 102);
        assertThat(open.tokenizer().encode("word ".repeat(700), 512))
                .hasSize(512)
                .endsWith(102);
    }

    @Test
    void saysWhatItIs() {
        assertThat(open.info().digest()).matches("[0-9a-f]{64}");
        assertThat(open.info().shape().parameters()).isEqualTo(22_565_376L);
        assertThat(open.info().numerics().weightBytes()).isEqualTo(4 * 22_565_376L);
        assertThat(open.norms()).isEqualTo(13);
        assertThat(open.info().numerics().precision()).isEqualTo("f32");
        assertThat(open.info().numerics().coBatchingIdentical()).isTrue();
        assertThat(((BertSubstrate) open).liveDigest()).isEqualTo(open.info().digest());
    }

    @Test
    void randomWeightsGiveAnotherSubstrateOfTheSameShape() {
        SubstrateInput input = Fixtures.ids(new SplittableRandom(4), 12, BertShape.MINILM);
        try (Substrate random =
                Substrates.open(SubstrateOptions.of("random:minilm").withPrecision(Precision.F32))) {
            assertThat(random.info().shape().parameters())
                    .isEqualTo(open.info().shape().parameters());
            assertThat(random.info().digest()).isNotEqualTo(open.info().digest());
            assertThat(random.forward(List.of(input)).values())
                    .isNotEqualTo(open.forward(List.of(input)).values());
            assertThat(random.tokenizer().encode("one two", 9)).containsExactly(101, 2028, 2048, 102);
        }
    }
}
