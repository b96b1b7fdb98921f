package dev.reservoir.server.substrate.bert;

import ai.djl.pytorch.jni.IValue;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.TunableSubstrate.Gradients;
import dev.reservoir.heads.TunableSubstrate.TracedForward;
import dev.reservoir.server.substrate.torch.PackedBatch;
import org.jspecify.annotations.Nullable;

/** A pass whose intermediate results lie in native memory until {@link #close}. One thread's. */
final class Traced implements TracedForward {
    private final BertProgram program;
    private final PackedBatch batch;
    private final NormRows norms;
    private final @Nullable Runnable between;
    private final IValue saved;
    private boolean closed;
    private boolean followed;

    Traced(BertProgram program, PackedBatch batch, NormRows norms, @Nullable Runnable between) {
        this.program = program;
        this.batch = batch;
        this.norms = norms;
        this.between = between;
        this.saved = program.trace(batch, norms, between);
    }

    @Override
    public HiddenStates hidden() {
        checkOpen();
        int width = program.shape().width();
        return program.tracedHidden(saved, rows -> batch.unpack(rows, width));
    }

    @Override
    public Gradients gradients(float[] hiddenGradient) {
        checkOpen();
        int width = program.shape().width();
        if (followed) {
            throw new IllegalStateException("gradients: taken already (expected: once)");
        }
        if (hiddenGradient.length != batch.rows() * width) {
            throw new IllegalArgumentException("hidden gradient: " + hiddenGradient.length + " numbers (expected: "
                    + batch.rows() + " rows of " + width + ")");
        }
        followed = true;
        return program.gradients(saved, batch, norms, batch.pack(hiddenGradient, width), between);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            saved.close();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("traced forward: closed (expected: open)");
        }
    }
}
