package dev.reservoir.server.substrate;

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
import java.util.ArrayList;
import java.util.List;

/**
 * The same encoder written with DJL's own operators in f32, as a careful user of that library would: a peer to hold the substrate's program
 * against, and no part of serving. One thread's.
 */
public final class DjlOperatorsBert implements AutoCloseable {
    /** A block: six products with weights {@code [out, in]} and biases, then two norms. */
    private record Layer(List<NDArray> weights, List<NDArray> biases, List<NDArray> norms) {}

    /** Applies a norm, in the order in which the encoder has them. */
    interface Norms {
        /** @param x {@code [B, T, D]} */
        NDArray apply(int norm, NDArray x);
    }

    private final BertShape shape;
    private final int intraOpThreads;
    private final NDManager manager;
    private final NDArray words;
    private final NDArray positions;
    private final NDArray gain;
    private final NDArray bias;
    private final List<Layer> layers = new ArrayList<>();

    private DjlOperatorsBert(BertWeights weights, int intraOpThreads) {
        this.shape = weights.shape();
        this.intraOpThreads = intraOpThreads;
        this.manager = NDManager.newBaseManager(Device.cpu());
        this.words = array(weights.word());
        // Only token type 0 is used.
        this.positions =
                array(weights.position()).add(array(weights.tokenType()).get(0).reshape(1, shape.width()));
        this.gain = array(weights.normGain());
        this.bias = array(weights.normBias());
        for (BertWeights.Layer layer : weights.layers()) {
            List<NDArray> matrices = new ArrayList<>();
            layer.matrices()
                    .forEach(matrix -> matrices.add(array(matrix).transpose().duplicate()));
            List<NDArray> vectors = layer.vectors().stream().map(this::array).toList();
            layers.add(new Layer(matrices, vectors.subList(0, 6), vectors.subList(6, 10)));
        }
    }

    /**
     * Loads the weights of the substrate {@code minilm}.
     *
     * @param intraOpThreads threads inside one product, at least 1
     */
    public static DjlOperatorsBert miniLm(int intraOpThreads) {
        NativeRuntime.load(intraOpThreads);
        return new DjlOperatorsBert(new MiniLmArtifact().weights(), intraOpThreads);
    }

    /**
     * One pass.
     *
     * @param ids {@code [B, T]}
     * @return hidden states {@code [B, T, D]}
     */
    public float[] forward(int[][] ids) {
        int tokens = ids[0].length;
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

    BertShape shape() {
        return shape;
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
        double scale = 1 / Math.sqrt((double) shape.width() / shape.attentionHeads());
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
        return LayerNorm.layerNorm(x, new Shape(shape.width()), gains, biases, (float) shape.epsilon())
                .singletonOrThrow();
    }

    private NDArray array(FrozenTensor tensor) {
        return manager.create(tensor.values().duplicate(), new Shape(tensor.shape()), DataType.FLOAT32);
    }

    @Override
    public void close() {
        manager.close();
    }
}
