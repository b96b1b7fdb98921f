// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate.Gradients;
import dev.reservoir.server.substrate.torch.FrozenTensor;
import dev.reservoir.server.substrate.torch.PackedBatch;
import dev.reservoir.server.substrate.torch.Products;
import dev.reservoir.server.substrate.torch.ProgramSource;
import dev.reservoir.server.substrate.torch.TorchProgram;
import dev.reservoir.server.substrate.torch.WeightDigest;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * {@code bert.py} with weights in it: what runs in libtorch. The weights are copied in once and are not written again.
 */
public final class BertProgram implements AutoCloseable {
    private final BertShape shape;
    private final Products products;
    private final TorchProgram program;

    @GuardedBy("this")
    private boolean gradientsPrepared;

    /** Copies the weights into libtorch; the natives must be loaded. */
    public BertProgram(BertWeights weights, Products products, Device device, int intraOpThreads) {
        this(source(), weights, products, device, intraOpThreads);
    }

    BertProgram(ProgramSource source, BertWeights weights, Products products, Device device, int intraOpThreads) {
        this.shape = weights.shape();
        this.products = products;
        this.program = new TorchProgram(source, device, intraOpThreads);
        try {
            load(program, weights, products);
        } catch (RuntimeException e) {
            program.close();
            throw e;
        }
    }

    BertShape shape() {
        return shape;
    }

    Products products() {
        return products;
    }

    static ProgramSource source() {
        return ProgramSource.of(BertProgram.class, "bert");
    }

    /** The digest of the weights as they are in memory now. */
    public String digest() {
        return digest(products);
    }

    /** The digest under which other products serve the same weights. */
    String digest(Products others) {
        WeightDigest digest = new WeightDigest(program.source(), shape.configuration(), others);
        visitWeights(digest::add);
        return digest.end();
    }

    /** The limits of sequences. */
    public PackedBatch.Limits limits() {
        return shape.limits();
    }

    /** One pass with the substrate's own norms. */
    public HiddenStates forward(List<SubstrateInput> sequences) {
        return forward(sequences, null);
    }

    HiddenStates forward(List<SubstrateInput> sequences, @Nullable Runnable between) {
        PackedBatch batch = PackedBatch.of(sequences, limits());
        return forward(batch, NormRows.OWN, between, rows -> batch.unpack(rows, shape.width()));
    }

    /** Bytes of the weights as stored. */
    public long weightBytes() {
        long matrices = (long) shape.layers() * shape.width() * (4L * shape.width() + 2L * shape.feedForwardWidth());
        long rows = (long) shape.vocabulary() + shape.positions() + shape.tokenTypes();
        long vectors = (long) shape.layers() * (9L * shape.width() + shape.feedForwardWidth()) + 2L * shape.width();
        return matrices * products.weightBytes() + (rows * shape.width() + vectors) * 4;
    }

    /** Hidden states of a packed batch, read before they are freed. */
    interface Reader<T> {
        T read(FloatBuffer hidden);
    }

    /**
     * One pass.
     *
     * @param norms gains and biases for the places' slots, or none for the substrate's own
     * @param between run between layers on the calling thread, or null
     */
    <T> T forward(PackedBatch batch, NormRows norms, @Nullable Runnable between, Reader<T> reader) {
        return program.call(call -> {
            Norms by = new Norms(call, batch, norms);
            IValue tokens = call.ints(batch.tokens());
            IValue positions = call.ints(batch.positions());
            IValue given = call.floats(batch.given(), batch.places().length, shape.width());
            IValue places = call.longs(batch.places());
            if (between == null) {
                return reader.read(call.read(call.run(
                        "forward", tokens, positions, given, places, by.groups, by.gains, by.biases, by.slots)));
            }
            IValue rows = call.run("enter", tokens, positions, given, places, by.groups, by.gains, by.biases, by.slots);
            for (int layer = 0; layer < shape.layers(); layer++) {
                between.run();
                try (IValue before = rows) {
                    rows = call.run("layer", before, call.number(layer), by.groups, by.gains, by.biases, by.slots);
                }
            }
            return reader.read(call.read(rows));
        });
    }

    /** A batch's groups, and norms for its places, as arguments of a call. */
    private final class Norms {
        final IValue groups;
        final IValue gains;
        final IValue biases;
        final IValue slots;

        Norms(TorchProgram.Call call, PackedBatch batch, NormRows norms) {
            groups = call.numbers(batch.groups());
            gains = call.floats(norms.gains(), shape.norms(), norms.slots(), shape.width());
            biases = call.floats(norms.biases(), shape.norms(), norms.slots(), shape.width());
            slots = call.ints(norms.slotOfPlaces());
        }
    }

    /** Rows of the word table, {@code [ids.length, D]}. */
    float[] wordEmbeddings(int[] ids) {
        return program.call(call -> numbers(call.read(call.run("words", call.ints(ids)))));
    }

    /** A forward pass over given rows with norms by slot, kept for a backward pass; the caller closes the result. */
    IValue trace(PackedBatch batch, NormRows norms, @Nullable Runnable between) {
        return program.call(call -> {
            prepareGradients(call);
            Norms by = new Norms(call, batch, norms);
            IValue positions = call.ints(batch.positions());
            IValue given = call.floats(batch.given(), batch.rows(), shape.width());
            if (between == null) {
                return call.runDetached("trace", positions, given, by.groups, by.gains, by.biases, by.slots);
            }
            IValue trace = call.run("trace_input", positions, given, by.groups, by.gains, by.biases, by.slots);
            for (int layer = 0; layer < shape.layers(); layer++) {
                between.run();
                IValue number = call.number(layer);
                try (IValue before = trace) {
                    trace = layer + 1 < shape.layers()
                            ? call.run("trace_layer", before, number, by.groups, by.gains, by.biases, by.slots)
                            : call.runDetached("trace_layer", before, number, by.groups, by.gains, by.biases, by.slots);
                }
            }
            return trace;
        });
    }

    <T> T tracedHidden(IValue trace, Reader<T> reader) {
        return program.call(call -> reader.read(call.read(call.run("traced_hidden", trace))));
    }

    /**
     * The backward pass of a trace.
     *
     * @param hiddenGradient {@code [N, D]} in the batch's order
     */
    Gradients gradients(
            IValue trace, PackedBatch batch, NormRows norms, float[] hiddenGradient, @Nullable Runnable between) {
        return program.call(call -> {
            Norms by = new Norms(call, batch, norms);
            IValue gradient = call.floats(hiddenGradient, batch.rows(), shape.width());
            IValue result;
            if (between == null) {
                result = call.run("gradients", trace, gradient, by.groups, by.gains, by.slots);
            } else {
                IValue state = call.run("backward_begin", gradient);
                for (int layer = shape.layers() - 1; layer >= 0; layer--) {
                    between.run();
                    try (IValue before = state) {
                        state = call.run(
                                "backward_layer", trace, before, call.number(layer), by.groups, by.gains, by.slots);
                    }
                }
                result = call.run("backward_input", trace, state, by.groups, by.gains, by.slots);
            }
            List<FloatBuffer> parts = call.readAll(result);
            return new Gradients(
                    batch.unpack(parts.get(0), shape.width()).values(), numbers(parts.get(1)), numbers(parts.get(2)));
        });
    }

    /**
     * Passes every weight as stored, in f32, in one fixed order.
     *
     * @param visitor called with each tensor's bytes, little-endian
     */
    void visitWeights(Consumer<ByteBuffer> visitor) {
        int count = 3 + 2 * shape.norms() + shape.layers() * 8;
        for (int i = 0; i < count; i++) {
            int index = i;
            program.call(call -> {
                PtNDArray tensor = call.array(call.run("weight", call.number(index)));
                ByteBuffer bytes = tensor.getDevice().isGpu() ? tensor.toByteBuffer(false) : tensor.toByteBuffer(true);
                visitor.accept(bytes);
                return 0;
            });
        }
    }

    /**
     * Writes the program and its weights as a file that {@code torch.jit.load} reads, ready for {@code trace} and
     * {@code gradients}.
     */
    void write(OutputStream out) {
        program.call(call -> {
            prepareGradients(call);
            return 0;
        });
        program.write(out);
    }

    @Override
    public void close() {
        program.close();
    }

    private synchronized void prepareGradients(TorchProgram.Call call) {
        if (!gradientsPrepared) {
            call.run("prepare_gradients");
            gradientsPrepared = true;
        }
    }

    private static float[] numbers(FloatBuffer buffer) {
        float[] numbers = new float[buffer.remaining()];
        buffer.get(numbers);
        return numbers;
    }

    /** Passes the weights to {@code bert.py}, or to a program around it that forwards them. */
    static void load(TorchProgram program, BertWeights weights, Products products) {
        BertShape shape = weights.shape();
        program.call(call -> {
            call.run(
                    "setup",
                    call.number(products.mode()),
                    call.number(shape.attentionHeads()),
                    call.number(shape.epsilon()));
            call.run(
                    "add_embeddings",
                    call.tensor(f32(call, weights.word())),
                    call.tensor(f32(call, weights.position())),
                    call.tensor(f32(call, weights.tokenType())),
                    call.tensor(f32(call, weights.normGain())),
                    call.tensor(f32(call, weights.normBias())));
            return 0;
        });
        for (BertWeights.Layer layer : weights.layers()) {
            program.call(call -> {
                List<PtNDArray> matrices = new ArrayList<>();
                layer.matrices().forEach(tensor -> matrices.add(f32(call, tensor)));
                List<PtNDArray> vectors = new ArrayList<>();
                layer.vectors().forEach(tensor -> vectors.add(f32(call, tensor)));
                call.run("add_layer", call.tensors(matrices), call.tensors(vectors), call.flag(products.bf16()));
                return 0;
            });
        }
    }

    private static PtNDArray f32(TorchProgram.Call call, FrozenTensor tensor) {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new IllegalStateException("byte order: " + ByteOrder.nativeOrder() + " (expected: little-endian)");
        }
        return call.array(tensor.values().duplicate(), DataType.FLOAT32, tensor.shape());
    }
}
