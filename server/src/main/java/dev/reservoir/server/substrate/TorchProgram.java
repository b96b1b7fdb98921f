package dev.reservoir.server.substrate;

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
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.Buffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Collectors;

/**
 * A TorchScript program that lives in libtorch, compiled from resources of this package.
 *
 * <p>Guarantees: any number of threads may call at once; what a call allocates is freed when it ends, except what it returns; closing waits for
 * the calls under way, and calls that come later fail with {@link IllegalStateException}. Calls run without gradients (inference tensors).
 */
public final class TorchProgram implements AutoCloseable {
    private final String name;
    private final String source;
    private final int intraOpThreads;
    private final Device device;
    private final PtNDManager manager;
    private final PtSymbolBlock module;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final ThreadLocal<Boolean> prepared = ThreadLocal.withInitial(() -> false);
    private boolean closed;

    /** Loads {@code resource} of this package; the natives must be loaded. */
    public TorchProgram(String resource, Device device, int intraOpThreads) {
        this(List.of(resource), device, intraOpThreads);
    }

    /** Loads resources of this package as one source, whose last class is the program; the natives must be loaded. */
    TorchProgram(List<String> resources, Device device, int intraOpThreads) {
        this.name = resources.get(resources.size() - 1);
        this.source = resources.stream().map(TorchProgram::read).collect(Collectors.joining("\n"));
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

    String source() {
        return source;
    }

    /** Work with tensors, inside which calls are made. */
    public interface Work<T> {
        T run(Call call);
    }

    /** Runs work on the calling thread and frees its tensors. */
    public <T> T call(Work<T> work) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("program " + name + ": closed (expected: open)");
            }
            prepareThread();
            try (Call call = new Call()) {
                return work.run(call);
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Writes the program with all it holds now as a file that {@code torch.jit.load} reads. */
    void write(OutputStream out) {
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

    private static String read(String resource) {
        try (InputStream in = TorchProgram.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("program " + resource + ": not on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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
        IValue runDetached(String method, IValue... arguments) {
            return IValueUtils.runMethod(module, method, arguments);
        }

        public IValue number(long value) {
            return keep(IValue.from(value));
        }

        public IValue number(double value) {
            return keep(IValue.from(value));
        }

        public IValue numbers(long[] values) {
            return keep(IValue.listFrom(values));
        }

        IValue text(String value) {
            return keep(IValue.from(value));
        }

        /** At least one text. */
        IValue texts(List<String> list) {
            return keep(IValue.listFrom(list.stream().map(this::text).toArray(IValue[]::new)));
        }

        public IValue tensor(PtNDArray tensor) {
            return keep(IValue.from(tensor));
        }

        IValue tensors(List<PtNDArray> list) {
            return keep(IValue.listFrom(list.toArray(new PtNDArray[0])));
        }

        IValue tensors(Map<String, PtNDArray> map) {
            return keep(IValue.stringMapFrom(map));
        }

        IValue floats(float[] data, long... shape) {
            return tensor(array(FloatBuffer.wrap(data), DataType.FLOAT32, shape));
        }

        IValue ints(int[] data) {
            return tensor(array(IntBuffer.wrap(data), DataType.INT32, data.length));
        }

        IValue longs(long[] data) {
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

        PtNDArray array(IValue value) {
            return value.toTensor(tensors);
        }

        /** Numbers of a f32 result, row-major. */
        FloatBuffer read(IValue value) {
            return floats(value.toTensor(tensors));
        }

        /** Numbers of each tensor of a list. */
        List<FloatBuffer> readAll(IValue value) {
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
