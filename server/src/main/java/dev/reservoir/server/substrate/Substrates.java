package dev.reservoir.server.substrate;

import ai.djl.Device;
import ai.djl.engine.Engine;
import dev.reservoir.heads.Substrate.NormRow;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.substrate.BertProgram.Products;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/** Opens substrates by name. */
public final class Substrates {
    private static final String RANDOM = "random:";
    private static final String MINILM = "minilm";
    private static final long RANDOM_SEED = 20260101L;

    private Substrates() {}

    /**
     * Loads natives, weights and program, chooses the precision and checks co-batching.
     *
     * @throws IllegalArgumentException for an unknown name, a precision or a device that this machine has not
     */
    public static OpenSubstrate open(SubstrateOptions options) {
        checkName(options.name());
        Engine engine = NativeRuntime.load(options.intraOpThreads());
        Device device = device(options.device(), engine);
        PrecisionChoice choice = choose(options, device);
        MiniLmArtifact artifact = new MiniLmArtifact();
        BertWeights weights = weights(options.name(), artifact);
        BertProgram program = new BertProgram(weights, choice.products(), device, options.intraOpThreads());
        try {
            CoBatchingCheck check = CoBatchingCheck.of(program);
            if (!check.identical() && choice.products() == Products.PACKED_F32) {
                program.close();
                choice = new PrecisionChoice(
                        Products.PLAIN_F32,
                        choice.reason() + "; not oneDNN's packed products, because " + check.text());
                program = new BertProgram(weights, choice.products(), device, options.intraOpThreads());
                check = CoBatchingCheck.of(program);
            }
            SubstrateInfo info = info(options.name(), weights, program, choice, check, device);
            return new OpenSubstrate(new BertSubstrate(program, info, norms(weights)), artifact.tokenizer());
        } catch (RuntimeException e) {
            program.close();
            throw e;
        }
    }

    /** @throws IllegalArgumentException for an unknown name */
    static void checkName(String name) {
        if (!name.equals(MINILM) && !name.equals(RANDOM + MINILM)) {
            throw new IllegalArgumentException(
                    "substrate: " + name + " (expected: " + MINILM + " or " + RANDOM + MINILM + ")");
        }
    }

    static BertWeights weights(String name, MiniLmArtifact artifact) {
        return name.startsWith(RANDOM) ? BertWeights.random(BertShape.MINILM, RANDOM_SEED) : artifact.weights();
    }

    private static PrecisionChoice choose(SubstrateOptions options, Device device) {
        if (device.isGpu()) {
            return PrecisionChoice.onAccelerator(options.precision());
        }
        try (BareProduct product = new BareProduct(options.intraOpThreads(), System::nanoTime)) {
            return PrecisionChoice.onProcessor(options.precision(), Processor.read(), product);
        }
    }

    private static SubstrateInfo info(
            String name,
            BertWeights weights,
            BertProgram program,
            PrecisionChoice choice,
            CoBatchingCheck check,
            Device device) {
        BertShape shape = weights.shape();
        return new SubstrateInfo(
                name,
                WeightDigest.of(program),
                "bert",
                shape.layers(),
                shape.width(),
                shape.attentionHeads(),
                shape.feedForwardWidth(),
                shape.vocabulary(),
                shape.positions(),
                shape.norms(),
                weights.parameters(),
                choice.products().precision().label(),
                choice.reason(),
                device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu",
                program.weightBytes(),
                check.identical(),
                check.text());
    }

    private static NormRow norms(BertWeights weights) {
        List<FrozenTensor> gains = new ArrayList<>(List.of(weights.normGain()));
        List<FrozenTensor> biases = new ArrayList<>(List.of(weights.normBias()));
        for (BertWeights.Layer layer : weights.layers()) {
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

    private static Device device(String name, Engine engine) {
        if (name.equals("cpu") || (name.equals("auto") && engine.getGpuCount() == 0)) {
            return Device.cpu();
        }
        int index = name.equals("auto") ? 0 : Integer.parseInt(name.substring("cuda:".length()));
        if (index >= engine.getGpuCount()) {
            throw new IllegalArgumentException("device: " + name + " (expected: cpu, or one of the "
                    + engine.getGpuCount() + " CUDA devices that this libtorch sees)");
        }
        return Device.gpu(index);
    }
}
