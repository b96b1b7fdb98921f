package dev.reservoir.bench;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.reservoir.heads.SubstrateInfo.Shape.Bert;
import dev.reservoir.server.substrate.bert.BertProgram;
import dev.reservoir.server.substrate.torch.NativeRuntime;
import dev.reservoir.server.substrate.torch.TorchProgram;
import java.nio.FloatBuffer;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/** Times the attention of a training pass by itself, as the substrate's program computes it: to tell where a step's time goes. One thread's. */
final class AttentionParts implements AutoCloseable {
    /** The mode of packed f32 products, and the settings that attention alone has no use for. */
    private static final int PACKED = 0;

    private static final int UNUSED = 0;

    private final TorchProgram program;
    private final int width;
    private final LongSupplier nanoClock;

    /** Loads the natives if they are not. */
    AttentionParts(Bert shape, int intraOpThreads, LongSupplier nanoClock) {
        NativeRuntime.load(intraOpThreads);
        this.program = new TorchProgram(BertProgram.source(), Device.cpu(), intraOpThreads);
        this.width = shape.width();
        this.nanoClock = nanoClock;
        program.call(call -> call.run(
                "setup",
                call.number(PACKED),
                call.number(UNUSED),
                call.number(shape.attentionHeads()),
                call.number(UNUSED),
                call.number(1e-12)));
    }

    /** Nanoseconds of one layer's attention there and back, projections not included. */
    long nanos(int sequences, int tokens) {
        return program.call(call -> {
            int rows = sequences * tokens;
            IValue qkv = call.tensor(random(call, rows, 3 * width));
            IValue gradient = call.tensor(random(call, rows, width));
            IValue groups = call.numbers(new long[] {sequences, tokens});
            long start = nanoClock.getAsLong();
            IValue[] traced = call.parts(call.run("attend_traced", qkv, groups));
            call.run("attend_back", traced[0], traced[1], traced[2], gradient, groups);
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
