// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.reservoir.heads.SubstrateInfo.Shape.Bert;
import dev.reservoir.server.substrate.torch.NativeRuntime;
import dev.reservoir.server.substrate.torch.ProgramSource;
import dev.reservoir.server.substrate.torch.TorchProgram;
import java.nio.FloatBuffer;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/** Times the attention of a training pass by itself, to show its share of a step's time. Not thread-safe. */
final class AttentionParts implements AutoCloseable {
    private final TorchProgram program;
    private final int width;
    private final int attentionHeads;
    private final LongSupplier nanoClock;

    /** Loads the native libraries if they are not loaded yet. */
    AttentionParts(Bert shape, int intraOpThreads, LongSupplier nanoClock) {
        NativeRuntime.load(intraOpThreads);
        this.program = new TorchProgram(
                ProgramSource.of(AttentionParts.class, "attention_parts"), Device.cpu(), intraOpThreads);
        this.width = shape.width();
        this.nanoClock = nanoClock;
        this.attentionHeads = shape.attentionHeads();
    }

    /** Nanoseconds of one layer's attention, forward and backward, projections not included. */
    long nanos(int sequences, int tokens) {
        return program.call(call -> {
            int rows = sequences * tokens;
            IValue qkv = call.tensor(random(call, rows, 3 * width));
            IValue gradient = call.tensor(random(call, rows, width));
            IValue groups = call.numbers(new long[] {sequences, tokens});
            long start = nanoClock.getAsLong();
            call.run("run", qkv, gradient, groups, call.number(attentionHeads));
            return nanoClock.getAsLong() - start;
        });
    }

    private static PtNDArray random(TorchProgram.Call call, int rows, int columns) {
        SplittableRandom random = new SplittableRandom(5);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextDouble() - 0.5);
        }
        return call.array(FloatBuffer.wrap(values), DataType.FLOAT32, rows, columns);
    }

    @Override
    public void close() {
        program.close();
    }
}
