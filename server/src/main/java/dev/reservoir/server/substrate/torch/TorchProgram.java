// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.Buffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A TorchScript program that lives in libtorch, compiled from source.
 *
 * <p>Guarantees: any number of threads may call at once; what a call allocates is freed when it ends, except what it
 * returns; closing waits for the calls under way, and calls that come later fail with {@link IllegalStateException}.
 * Calls run without gradients (inference tensors).
 */
public final class TorchProgram implements AutoCloseable {
    private final ProgramSource source;
    private final int intraOpThreads;
    private final Device device;
    private final PtNDManager manager;
    private final PtSymbolBlock module;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final ThreadLocal<Boolean> prepared = ThreadLocal.withInitial(() -> false);
    private boolean closed;

    /** Compiles a program; the natives must be loaded. */
    public TorchProgram(ProgramSource source, Device device, int intraOpThreads) {
        this.source = source;
        this.device = device;
        this.intraOpThreads = intraOpThreads;
        prepareThread();
        manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
        try {
            module = JniUtils.loadModule(
                    manager, new ByteArrayInputStream(ProgramArchive.of(source)), device.isGpu(), false);
        } catch (IOException e) {
            manager.close();
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    /** The program's source. */
    public String source() {
        return source.text();
    }

    /** Work with tensors, in which calls are made. */
    public interface Work<T> {
        T run(Call call);
    }

    /** Runs work on the calling thread and frees its tensors. */
    public <T> T call(Work<T> work) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("program " + source.main() + ".py: closed (expected: open)");
            }
            prepareThread();
            try (Call call = new Call()) {
                return work.run(call);
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Writes the program with its current state as a file that {@code torch.jit.load} reads. */
    public void write(OutputStream out) {
        call(call -> {
            JniUtils.writeModule(module, out, false);
            return 0;
        });
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                module.close();
                manager.close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** libtorch keeps both settings per thread. */
    private void prepareThread() {
        if (!prepared.get()) {
            JniUtils.setGraphExecutorOptimize(false);
            JniUtils.setNumThreads(intraOpThreads);
            prepared.set(true);
        }
    }

    /** The tensors of one call and the values given to the program; all are freed with it. */
    public final class Call implements AutoCloseable {
        private final PtNDManager tensors = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
        private final List<IValue> values = new ArrayList<>();

        private Call() {}

        /** Runs a method; its result is freed with this call. */
        public IValue run(String method, IValue... arguments) {
            return keep(runDetached(method, arguments));
        }

        /** Runs a method; the caller closes the result. */
        public IValue runDetached(String method, IValue... arguments) {
            return IValueUtils.runMethod(module, method, arguments);
        }

        public IValue number(long value) {
            return keep(IValue.from(value));
        }

        public IValue number(double value) {
            return keep(IValue.from(value));
        }

        public IValue flag(boolean value) {
            return keep(IValue.from(value));
        }

        public IValue numbers(long[] values) {
            return keep(IValue.listFrom(values));
        }

        public IValue text(String value) {
            return keep(IValue.from(value));
        }

        /** A list of at least one string. */
        public IValue texts(List<String> list) {
            return keep(IValue.listFrom(list.stream().map(this::text).toArray(IValue[]::new)));
        }

        public IValue tensor(PtNDArray tensor) {
            return keep(IValue.from(tensor));
        }

        public IValue tensors(List<PtNDArray> list) {
            return keep(IValue.listFrom(list.toArray(new PtNDArray[0])));
        }

        public IValue tensors(Map<String, PtNDArray> map) {
            return keep(IValue.stringMapFrom(map));
        }

        public IValue floats(float[] data, long... shape) {
            return tensor(array(FloatBuffer.wrap(data), DataType.FLOAT32, shape));
        }

        public IValue ints(int[] data) {
            return tensor(array(IntBuffer.wrap(data), DataType.INT32, data.length));
        }

        public IValue longs(long[] data) {
            return tensor(array(LongBuffer.wrap(data), DataType.INT64, data.length));
        }

        /** A tensor of this call; a direct buffer is used in place and must outlive the call. */
        public PtNDArray array(Buffer data, DataType type, long... shape) {
            if (!data.hasRemaining()) {
                return tensors.create(new Shape(shape), type);
            }
            return tensors.create(data, new Shape(shape), type);
        }

        /** The parts of a tuple. */
        public IValue[] parts(IValue tuple) {
            IValue[] parts = tuple.toIValueTuple();
            values.addAll(List.of(parts));
            return parts;
        }

        public PtNDArray array(IValue value) {
            return value.toTensor(tensors);
        }

        /** The values of an f32 result, row-major. */
        public FloatBuffer read(IValue value) {
            return floats(value.toTensor(tensors));
        }

        /** The values of each tensor of a list. */
        public List<FloatBuffer> readAll(IValue value) {
            List<FloatBuffer> all = new ArrayList<>();
            for (PtNDArray array : value.toTensorArray(tensors)) {
                all.add(floats(array));
            }
            return all;
        }

        private FloatBuffer floats(PtNDArray array) {
            if (array.getDevice().isGpu()) {
                return FloatBuffer.wrap(array.toFloatArray());
            }
            return array.toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer();
        }

        private IValue keep(IValue value) {
            values.add(value);
            return value;
        }

        @Override
        public void close() {
            values.forEach(IValue::close);
            tensors.close();
        }
    }
}
