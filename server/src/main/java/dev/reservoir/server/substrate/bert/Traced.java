// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import ai.djl.pytorch.jni.IValue;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.TunableSubstrate.Gradients;
import dev.reservoir.heads.TunableSubstrate.TracedForward;
import dev.reservoir.server.substrate.torch.PackedBatch;
import org.jspecify.annotations.Nullable;

/** A forward pass whose intermediate results stay in native memory until {@link #close}. Not thread-safe. */
final class Traced implements TracedForward {
    private final BertProgram program;
    private final PackedBatch batch;
    private final NormRows norms;
    private final @Nullable Runnable between;
    private final IValue trace;
    private boolean closed;
    private boolean backward;

    Traced(BertProgram program, PackedBatch batch, NormRows norms, @Nullable Runnable between) {
        this.program = program;
        this.batch = batch;
        this.norms = norms;
        this.between = between;
        this.trace = program.trace(batch, norms, between);
    }

    @Override
    public HiddenStates hidden() {
        checkOpen();
        int width = program.shape().width();
        return program.tracedHidden(trace, rows -> batch.unpack(rows, width));
    }

    @Override
    public Gradients gradients(float[] hiddenGradient) {
        checkOpen();
        int width = program.shape().width();
        if (backward) {
            throw new IllegalStateException("gradients: computed already (expected: once)");
        }
        if (hiddenGradient.length != batch.rows() * width) {
            throw new IllegalArgumentException("hidden gradient: " + hiddenGradient.length + " numbers (expected: "
                    + batch.rows() + " rows of " + width + ")");
        }
        backward = true;
        return program.gradients(trace, batch, norms, batch.pack(hiddenGradient, width), between);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            trace.close();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("traced forward: closed (expected: open)");
        }
    }
}
