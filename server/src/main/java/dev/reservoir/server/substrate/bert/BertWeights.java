// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import dev.reservoir.heads.TunableSubstrate.NormRow;
import dev.reservoir.server.substrate.torch.FrozenTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The weights of a BERT encoder, with every shape and value checked.
 *
 * @param word {@code [vocabulary, D]}
 * @param position {@code [positions, D]}
 * @param tokenType {@code [types, D]}
 * @param layers {@code layers} of them
 */
public record BertWeights(
        BertShape shape,
        FrozenTensor word,
        FrozenTensor position,
        FrozenTensor tokenType,
        FrozenTensor normGain,
        FrozenTensor normBias,
        List<Layer> layers) {

    /**
     * One block.
     *
     * @param matrices query, key, value, attention output {@code [D, D]}, intermediate {@code [D, F]}, output
     *     {@code [F, D]}
     * @param vectors their six biases, then gain and bias of the attention's norm and of the output's norm
     */
    public record Layer(List<FrozenTensor> matrices, List<FrozenTensor> vectors) {}

    /** A source of weights by their Hugging Face names. */
    interface Source {
        /** An array by its full name. */
        FrozenTensor tensor(String name, long... shape);

        /** The matrix {@code [in, out]} of a linear layer by the layer's name. */
        FrozenTensor matrix(String name, long in, long out);
    }

    public BertWeights {
        layers = List.copyOf(layers);
    }

    static BertWeights read(BertShape shape, Source source) {
        long width = shape.width();
        long wide = shape.feedForwardWidth();
        List<Layer> layers = new ArrayList<>();
        for (int l = 0; l < shape.layers(); l++) {
            String layer = "encoder.layer." + l + ".";
            List<FrozenTensor> matrices = List.of(
                    source.matrix(layer + "attention.self.query", width, width),
                    source.matrix(layer + "attention.self.key", width, width),
                    source.matrix(layer + "attention.self.value", width, width),
                    source.matrix(layer + "attention.output.dense", width, width),
                    source.matrix(layer + "intermediate.dense", width, wide),
                    source.matrix(layer + "output.dense", wide, width));
            List<FrozenTensor> vectors = List.of(
                    source.tensor(layer + "attention.self.query.bias", width),
                    source.tensor(layer + "attention.self.key.bias", width),
                    source.tensor(layer + "attention.self.value.bias", width),
                    source.tensor(layer + "attention.output.dense.bias", width),
                    source.tensor(layer + "intermediate.dense.bias", wide),
                    source.tensor(layer + "output.dense.bias", width),
                    source.tensor(layer + "attention.output.LayerNorm.weight", width),
                    source.tensor(layer + "attention.output.LayerNorm.bias", width),
                    source.tensor(layer + "output.LayerNorm.weight", width),
                    source.tensor(layer + "output.LayerNorm.bias", width));
            layers.add(new Layer(matrices, vectors));
        }
        BertWeights weights = new BertWeights(
                shape,
                source.tensor("embeddings.word_embeddings.weight", shape.vocabulary(), width),
                source.tensor("embeddings.position_embeddings.weight", shape.positions(), width),
                source.tensor("embeddings.token_type_embeddings.weight", shape.tokenTypes(), width),
                source.tensor("embeddings.LayerNorm.weight", width),
                source.tensor("embeddings.LayerNorm.bias", width),
                layers);
        weights.all().forEach(FrozenTensor::requireFinite);
        return weights;
    }

    /** BERT's own initialisation: matrices and embeddings normal with deviation 0.02, biases 0, norms 1 and 0. */
    static BertWeights random(BertShape shape, long seed) {
        return read(shape, new RandomSource(seed));
    }

    List<FrozenTensor> all() {
        List<FrozenTensor> all = new ArrayList<>(List.of(word, position, tokenType, normGain, normBias));
        for (Layer layer : layers) {
            all.addAll(layer.matrices());
            all.addAll(layer.vectors());
        }
        return all;
    }

    /** The norms as trained, in the order in which a pass applies them. */
    public NormRow norms() {
        List<FrozenTensor> gains = new ArrayList<>(List.of(normGain));
        List<FrozenTensor> biases = new ArrayList<>(List.of(normBias));
        for (BertWeights.Layer layer : layers) {
            gains.add(layer.vectors().get(6));
            biases.add(layer.vectors().get(7));
            gains.add(layer.vectors().get(8));
            biases.add(layer.vectors().get(9));
        }
        return new NormRow(join(gains), join(biases));
    }

    private static float[] join(List<FrozenTensor> rows) {
        FloatBuffer all = FloatBuffer.allocate(
                rows.stream().mapToInt(row -> row.floats().remaining()).sum());
        rows.forEach(row -> all.put(row.floats()));
        return all.array();
    }

    private static final class RandomSource implements Source {
        private final SplittableRandom random;

        RandomSource(long seed) {
            random = new SplittableRandom(seed);
        }

        @Override
        public FrozenTensor tensor(String name, long... shape) {
            if (name.contains("embeddings.weight")) {
                return normal(name, shape);
            }
            return constant(name, name.endsWith("LayerNorm.weight") ? 1f : 0f, shape);
        }

        @Override
        public FrozenTensor matrix(String name, long in, long out) {
            return normal(name, in, out);
        }

        private FrozenTensor normal(String name, long... shape) {
            ByteBuffer values = allocate(shape);
            while (values.hasRemaining()) {
                // Marsaglia's polar method: two normal numbers from a point inside the unit circle.
                double x = 2 * random.nextDouble() - 1;
                double y = 2 * random.nextDouble() - 1;
                double square = x * x + y * y;
                if (square > 0 && square < 1) {
                    double scale = 0.02 * StrictMath.sqrt(-2 * StrictMath.log(square) / square);
                    values.putFloat((float) (x * scale));
                    if (values.hasRemaining()) {
                        values.putFloat((float) (y * scale));
                    }
                }
            }
            return new FrozenTensor(name, shape, values.flip());
        }

        private static FrozenTensor constant(String name, float value, long... shape) {
            ByteBuffer values = allocate(shape);
            while (values.hasRemaining()) {
                values.putFloat(value);
            }
            return new FrozenTensor(name, shape, values.flip());
        }

        private static ByteBuffer allocate(long... shape) {
            long count = 1;
            for (long size : shape) {
                count *= size;
            }
            return ByteBuffer.allocateDirect(Math.toIntExact(count * Float.BYTES))
                    .order(ByteOrder.LITTLE_ENDIAN);
        }
    }
}
