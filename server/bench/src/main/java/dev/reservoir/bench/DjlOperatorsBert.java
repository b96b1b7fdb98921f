// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.pytorch.jni.JniUtils;
import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInfo.Shape.Bert;
import dev.reservoir.server.substrate.bert.PlainBert;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The substrate's encoder written with DJL's own operators in f32, as a careful user of that library would: a peer to
 * compare the substrate's program with. Not thread-safe.
 *
 * <p>Shapes: {@code B} sequences, {@code T} tokens, {@code D} width, {@code F} feed-forward width.
 */
final class DjlOperatorsBert implements AutoCloseable {
    /** Added to the variance in every norm, as BERT does. */
    private static final float EPSILON = 1e-12f;

    private static final List<String> PRODUCTS = List.of(
            "attention.query",
            "attention.key",
            "attention.value",
            "attention.output",
            "feed_forward.up",
            "feed_forward.down");

    /** A block: six products with weights {@code [out, in]} and biases, then gain and bias of two norms. */
    private record Layer(List<NDArray> weights, List<NDArray> biases, List<NDArray> norms) {}

    /** Applies a norm, in the order in which the encoder has them. */
    interface Norms {
        /** @param x {@code [B, T, D]} */
        NDArray apply(int norm, NDArray x);
    }

    private final Bert shape;
    private final int intraOpThreads;
    private final NDManager manager;
    private final NDArray words;
    private final NDArray positions;
    private final NDArray gain;
    private final NDArray bias;
    /**
     * Of the scores of attention. An array that stays open: autograd keeps a product's factors without copying them,
     * and DJL makes an array of a plain number that it closes after the product, so the next garbage collection would
     * free what the backward pass still reads.
     */
    private final NDArray scale;

    private final List<Layer> layers = new ArrayList<>();

    private DjlOperatorsBert(Bert shape, Map<String, NamedTensor> weights, int intraOpThreads) {
        this.shape = shape;
        this.intraOpThreads = intraOpThreads;
        this.manager = NDManager.newBaseManager(Device.cpu());
        this.words = array(weights, "embeddings.word"); // [vocabulary, D]
        // Only token type 0 is used.
        this.positions = array(weights, "embeddings.position")
                .add(array(weights, "embeddings.token_type").get(0).reshape(1, shape.width())); // [positions, D]
        this.gain = array(weights, "embeddings.norm.gain");
        this.bias = array(weights, "embeddings.norm.bias");
        this.scale = manager.create((float) (1 / Math.sqrt((double) shape.width() / shape.attentionHeads())));
        for (int l = 0; l < shape.layers(); l++) {
            String layer = "layers." + l + ".";
            List<NDArray> matrices = new ArrayList<>();
            List<NDArray> biases = new ArrayList<>();
            for (String product : PRODUCTS) {
                matrices.add(
                        array(weights, layer + product + ".weight").transpose().duplicate());
                biases.add(array(weights, layer + product + ".bias"));
            }
            List<NDArray> norms = List.of(
                    array(weights, layer + "attention.norm.gain"),
                    array(weights, layer + "attention.norm.bias"),
                    array(weights, layer + "feed_forward.norm.gain"),
                    array(weights, layer + "feed_forward.norm.bias"));
            layers.add(new Layer(matrices, biases, norms));
        }
    }

    /**
     * Loads the weights of a substrate.
     *
     * @param substrate what the weights are of
     * @param intraOpThreads threads inside one product, at least 1
     */
    static DjlOperatorsBert of(Substrate substrate, int intraOpThreads) {
        try (PlainBert plain = PlainBert.open(substrate.info().name())) {
            Map<String, NamedTensor> weights =
                    plain.tensors().stream().collect(Collectors.toMap(NamedTensor::name, Function.identity()));
            return new DjlOperatorsBert(Subject.shape(substrate), weights, intraOpThreads);
        }
    }

    /**
     * One pass.
     *
     * @param ids {@code [B, T]}
     * @return hidden states {@code [B, T, D]}
     */
    float[] forward(int[][] ids) {
        try (NDManager step = begin()) {
            NDArray x = Embedding.embedding(step.create(ids), words, SparseFormat.DENSE)
                    .singletonOrThrow(); // [B, T, D]
            return encode(step, x, this::ownNorm).toFloatArray();
        }
    }

    /** A manager for the arrays of one step, on this thread. */
    NDManager begin() {
        JniUtils.setNumThreads(intraOpThreads);
        return manager.newSubManager();
    }

    int width() {
        return shape.width();
    }

    /**
     * The encoder behind the embedding of words.
     *
     * @param x {@code [B, T, D]}
     */
    NDArray encode(NDManager step, NDArray x, Norms norms) {
        int batch = (int) x.getShape().get(0);
        int tokens = (int) x.getShape().get(1);
        NDArray y = norms.apply(0, x.add(positions.get(step, new NDIndex("0:{}", tokens))));
        for (int l = 0; l < layers.size(); l++) {
            y = block(y, l, batch, tokens, norms);
        }
        return y;
    }

    private NDArray block(NDArray x, int number, int batch, int tokens, Norms norms) {
        Layer layer = layers.get(number);
        NDArray q = split(product(x, layer, 0), batch, tokens); // [B, heads, T, D / heads]
        NDArray k = split(product(x, layer, 1), batch, tokens);
        NDArray v = split(product(x, layer, 2), batch, tokens);
        NDArray attention = q.matMul(k.transpose(0, 1, 3, 2)).mul(scale).softmax(-1); // [B, heads, T, T]
        NDArray mixed = attention.matMul(v).transpose(0, 2, 1, 3).reshape(batch, tokens, shape.width());
        NDArray y = norms.apply(2 * number + 1, product(mixed, layer, 3).add(x));
        NDArray inner = Activation.gelu(product(y, layer, 4)); // [B, T, F]
        return norms.apply(2 * number + 2, product(inner, layer, 5).add(y));
    }

    private NDArray ownNorm(int number, NDArray x) {
        if (number == 0) {
            return norm(x, gain, bias);
        }
        List<NDArray> norms = layers.get((number - 1) / 2).norms;
        int place = (number - 1) % 2 * 2;
        return norm(x, norms.get(place), norms.get(place + 1));
    }

    private NDArray split(NDArray x, int batch, int tokens) {
        int heads = shape.attentionHeads();
        return x.reshape(batch, tokens, heads, shape.width() / heads).transpose(0, 2, 1, 3);
    }

    private static NDArray product(NDArray x, Layer layer, int place) {
        return Linear.linear(x, layer.weights.get(place), layer.biases.get(place))
                .singletonOrThrow();
    }

    NDArray norm(NDArray x, NDArray gains, NDArray biases) {
        return LayerNorm.layerNorm(x, new Shape(shape.width()), gains, biases, EPSILON)
                .singletonOrThrow();
    }

    private NDArray array(Map<String, NamedTensor> weights, String name) {
        NamedTensor tensor = weights.get(name);
        if (tensor == null) {
            throw new IllegalStateException("weight " + name + ": none (expected: one of " + weights.size() + ")");
        }
        ByteBuffer values =
                ByteBuffer.allocateDirect(Float.BYTES * tensor.count()).order(ByteOrder.nativeOrder());
        tensor.copyTo(values, 0);
        long[] shape = Arrays.stream(tensor.shape()).asLongStream().toArray();
        return manager.create(values.flip(), new Shape(shape), DataType.FLOAT32);
    }

    @Override
    public void close() {
        manager.close();
    }
}
