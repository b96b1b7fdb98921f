// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate;

import ai.djl.Device;
import ai.djl.engine.Engine;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInfo.Numerics;
import dev.reservoir.server.substrate.bert.BertModel;
import dev.reservoir.server.substrate.bert.BertProgram;
import dev.reservoir.server.substrate.bert.BertSubstrate;
import dev.reservoir.server.substrate.bert.BertWeights;
import dev.reservoir.server.substrate.torch.BareProduct;
import dev.reservoir.server.substrate.torch.CoBatchingCheck;
import dev.reservoir.server.substrate.torch.NativeRuntime;
import dev.reservoir.server.substrate.torch.Products;

/** Opens substrates by name. */
public final class Substrates {
    private Substrates() {}

    /**
     * Loads natives, weights and program, chooses the precision and checks co-batching.
     *
     * @throws IllegalArgumentException for an unknown name, or for a precision or device that this machine lacks
     */
    public static Substrate open(SubstrateOptions options) {
        BertModel model = BertModel.named(options.name());
        Engine engine = NativeRuntime.load(options.intraOpThreads());
        Device device = device(options.device(), engine);
        PrecisionChoice choice = choose(options, device);
        BertWeights weights = model.weights();
        BertProgram program = new BertProgram(weights, choice.products(), device, options.intraOpThreads());
        try {
            CoBatchingCheck check = CoBatchingCheck.of(program::forward, program.limits());
            if (!check.identical() && choice.products() == Products.PACKED_F32) {
                program.close();
                choice = new PrecisionChoice(
                        Products.PLAIN_F32,
                        choice.reason() + "; not oneDNN's packed products, because " + check.text());
                program = new BertProgram(weights, choice.products(), device, options.intraOpThreads());
                check = CoBatchingCheck.of(program::forward, program.limits());
            }
            Numerics numerics = new Numerics(
                    choice.products().precision(),
                    choice.reason(),
                    device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu",
                    program.weightBytes(),
                    check.identical(),
                    check.text());
            return new BertSubstrate(options.name(), program, weights.norms(), model.tokenizer(), numerics);
        } catch (RuntimeException e) {
            program.close();
            throw e;
        }
    }

    private static PrecisionChoice choose(SubstrateOptions options, Device device) {
        if (device.isGpu()) {
            return PrecisionChoice.onAccelerator(options.precision());
        }
        Processor processor = Processor.read();
        if (options.precision() != Precision.AUTO || !processor.bf16()) {
            return PrecisionChoice.onProcessor(options.precision(), processor, kernel -> {
                throw new IllegalStateException("nothing to time (expected: a choice between bf16 and f32)");
            });
        }
        try (BareProduct bf16 = new BareProduct(options.intraOpThreads(), System::nanoTime);
                BareProduct f32 = new BareProduct(options.intraOpThreads(), System::nanoTime)) {
            return PrecisionChoice.onProcessor(options.precision(), processor, PrecisionChoice.Stopwatch.of(bf16, f32));
        }
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
