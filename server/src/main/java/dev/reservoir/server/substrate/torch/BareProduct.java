// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.torch;

import ai.djl.Device;
import java.util.function.LongSupplier;

/** Times one bare matrix product, to compare forward passes with and to choose a precision. Not thread-safe. */
public final class BareProduct implements AutoCloseable {
    /** Which kernel. */
    public enum Kernel {
        /** {@code torch.linear} in f32. */
        F32(0),
        /** oneDNN's packed product in f32. */
        PACKED_F32(1),
        /** {@code torch.linear} in bf16; 10 to 100 times slower than f32 if the processor lacks the instructions. */
        BF16(2);

        private final int number;

        Kernel(int number) {
            this.number = number;
        }
    }

    private final TorchProgram program;
    private final LongSupplier nanoClock;

    /** Loads the native libraries unless they are loaded. */
    public BareProduct(int intraOpThreads, LongSupplier nanoClock) {
        NativeRuntime.load(intraOpThreads);
        this.program = new TorchProgram(ProgramSource.of(BareProduct.class, "probe"), Device.cpu(), intraOpThreads);
        this.nanoClock = nanoClock;
    }

    /** Makes operands for {@code [rows, inner] x [inner, outer]}. */
    public void prepare(Kernel kernel, int rows, int inner, int outer) {
        program.call(call -> call.run(
                "prepare", call.number(kernel.number), call.number(rows), call.number(inner), call.number(outer)));
    }

    /** Nanoseconds of {@code loops} products of the operands last prepared. */
    public long nanos(Kernel kernel, int loops) {
        return program.call(call -> {
            long start = nanoClock.getAsLong();
            call.run("repeat", call.number(kernel.number), call.number(loops));
            return nanoClock.getAsLong() - start;
        });
    }

    @Override
    public void close() {
        program.close();
    }
}
