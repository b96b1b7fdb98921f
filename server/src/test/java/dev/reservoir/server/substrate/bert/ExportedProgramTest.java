// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate.Gradients;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.server.substrate.torch.FrozenTensor;
import dev.reservoir.server.substrate.torch.PackedBatch;
import dev.reservoir.server.substrate.torch.Products;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The exported substrate, loaded again from its file alone. */
final class ExportedProgramTest {
    private static final BertShape SHAPE = Fixtures.TINY;
    private static final int[] LENGTHS = {7, 1, 7, 16, 16, 3};

    private final SplittableRandom random = new SplittableRandom(11);
    private final BertWeights weights = BertWeights.random(SHAPE, 3);
    private BertProgram program;
    private PtNDManager manager;
    private PtSymbolBlock module;

    @BeforeEach
    void exportAndLoad() throws IOException {
        program = Fixtures.program(weights, Products.PLAIN_F32);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        program.write(file);
        manager = (PtNDManager) NDManager.newBaseManager(Device.cpu(), "PyTorch");
        JniUtils.setGraphExecutorOptimize(false);
        module = JniUtils.loadModule(manager, new ByteArrayInputStream(file.toByteArray()), false, false);
    }

    @AfterEach
    void close() {
        module.close();
        manager.close();
        program.close();
    }

    private IValue run(String method, IValue... arguments) {
        return IValueUtils.runMethod(module, method, arguments);
    }

    private float[] numbers(IValue value) {
        return value.toTensor(manager).toFloatArray();
    }

    private IValue floats(float[] numbers, long... shape) {
        return IValue.from((PtNDArray) manager.create(numbers, new Shape(shape)));
    }

    private IValue ints(int... numbers) {
        return IValue.from((PtNDArray) manager.create(numbers));
    }

    private static IValue lengths(int... lengths) {
        return IValue.listFrom(Arrays.stream(lengths).asLongStream().toArray());
    }

    @Test
    void tokenIdsAndLengthsGiveTheHiddenStatesBitForBit() {
        int[] sorted = Arrays.stream(LENGTHS).sorted().toArray();
        List<SubstrateInput> sequences = new ArrayList<>();
        for (int length : sorted) {
            sequences.add(Fixtures.ids(random, length, SHAPE));
        }
        int[] tokens = sequences.stream()
                .flatMapToInt(sequence -> Arrays.stream(((SubstrateInput.TokenIds) sequence).ids()))
                .toArray();
        assertThat(numbers(run("encode", ints(tokens), lengths(sorted))))
                .isEqualTo(Fixtures.forward(program, sequences).values());
    }

    @Test
    void sequencesInAnyOrderGiveTheSameStates() {
        List<float[]> alone = new ArrayList<>();
        List<Integer> tokens = new ArrayList<>();
        for (int length : LENGTHS) {
            int[] ids = Fixtures.ids(random, length, SHAPE).ids();
            Arrays.stream(ids).forEach(tokens::add);
            alone.add(Fixtures.forward(program, List.of(new SubstrateInput.TokenIds(ids)))
                    .values());
        }
        int[] ids = tokens.stream().mapToInt(Integer::intValue).toArray();
        float[] together = numbers(run("encode", ints(ids), lengths(LENGTHS)));
        int at = 0;
        for (float[] states : alone) {
            assertThat(Arrays.copyOfRange(together, at, at + states.length))
                    .usingComparatorWithPrecision(1e-5f)
                    .containsExactly(states);
            at += states.length;
        }
    }

    @Test
    void rowsAndNormsOfAHeadGiveTheSameStatesAndGradientsBitForBit() {
        NormBank bank = Fixtures.bank(random, 1, SHAPE);
        int[] sorted = {3, 5, 5};
        List<SubstrateInput> sequences = new ArrayList<>();
        for (int length : sorted) {
            sequences.add(Fixtures.rows(random, length, SHAPE));
        }
        PackedBatch batch = PackedBatch.of(sequences, SHAPE.limits());
        NormRows norms = NormRows.of(bank, new int[3], batch, SHAPE);
        float[] upstream = Fixtures.floats(random, 13 * SHAPE.width(), 0, 1);
        IValue gains = floats(bank.gains(), SHAPE.norms(), 1, SHAPE.width());
        IValue biases = floats(bank.biases(), SHAPE.norms(), 1, SHAPE.width());
        IValue given = floats(batch.given(), 13, SHAPE.width());
        HiddenStates own = program.forward(batch, norms, null, rows -> batch.unpack(rows, SHAPE.width()));
        assertThat(numbers(run("encode_rows", given, lengths(sorted), gains, biases)))
                .isEqualTo(own.values());

        IValue traced = run(
                "trace",
                ints(batch.positions()),
                given,
                IValue.listFrom(batch.groups()),
                gains,
                biases,
                ints(norms.slotOfPlaces()));
        IValue byHidden = floats(upstream, 13, SHAPE.width());
        PtNDArray[] loaded = run(
                        "gradients",
                        traced,
                        byHidden,
                        IValue.listFrom(batch.groups()),
                        gains,
                        ints(norms.slotOfPlaces()))
                .toTensorArray(manager);
        assertThat(numbers(byHidden)).as("left as it was").isEqualTo(upstream);
        BertSubstrate substrate = Fixtures.substrate(program, bank);
        try (var trace = substrate.trace(sequences, bank, new int[3])) {
            Gradients gradients = trace.gradients(upstream);
            assertThat(loaded[0].toFloatArray()).isEqualTo(gradients.embeddings());
            assertThat(loaded[1].toFloatArray()).isEqualTo(gradients.gains());
            assertThat(loaded[2].toFloatArray()).isEqualTo(gradients.biases());
        }
    }

    @Test
    void weightsHaveClearNamesAndTheirOwnBytes() {
        try (PlainBert plain = PlainBert.of("tiny", weights)) {
            List<NamedTensor> tensors = plain.tensors();
            Set<String> names = new HashSet<>();
            tensors.forEach(tensor -> names.add(tensor.name()));
            assertThat(names).hasSize(tensors.size()).hasSize(5 + SHAPE.layers() * 16);
            assertThat(tensors.stream().mapToLong(NamedTensor::count).sum()).isEqualTo(SHAPE.parameters());
            check(tensors, "embeddings.word", weights.word(), 50, 48);
            check(tensors, "embeddings.norm.bias", weights.normBias(), 48);
            BertWeights.Layer last = weights.layers().get(1);
            check(tensors, "layers.1.attention.value.weight", last.matrices().get(2), 48, 48);
            check(tensors, "layers.1.feed_forward.up.weight", last.matrices().get(4), 48, 600);
            check(tensors, "layers.1.feed_forward.up.bias", last.vectors().get(4), 600);
            check(tensors, "layers.1.feed_forward.down.weight", last.matrices().get(5), 600, 48);
            check(tensors, "layers.1.attention.norm.gain", last.vectors().get(6), 48);
            check(tensors, "layers.1.feed_forward.norm.bias", last.vectors().get(9), 48);
        }
    }

    private static void check(List<NamedTensor> tensors, String name, FrozenTensor expected, int... shape) {
        NamedTensor tensor = tensors.stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
        assertThat(tensor.shape()).isEqualTo(shape);
        IntStream.range(0, tensor.count())
                .forEach(i -> assertThat(tensor.floatAt(i))
                        .isEqualTo(expected.floats().get(i)));
    }

    @Test
    void theDigestsOfAllFormsAreListed() {
        try (PlainBert plain = PlainBert.of("tiny", weights)) {
            Map<String, String> metadata = plain.metadata();
            assertThat(metadata)
                    .containsEntry("name", "tiny")
                    .containsEntry("layers", "2")
                    .containsEntry("attention_heads", "3")
                    .containsEntry("epsilon", "1.0E-12")
                    .containsEntry("precision", "f32");
            for (Products products : Products.values()) {
                try (BertProgram served = Fixtures.program(weights, products)) {
                    assertThat(metadata)
                            .containsEntry(
                                    "digest_" + products.name().toLowerCase(java.util.Locale.ROOT), served.digest());
                }
            }
        }
    }
}
