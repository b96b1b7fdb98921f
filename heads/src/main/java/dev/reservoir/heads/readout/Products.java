package dev.reservoir.heads.readout;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The matrix products of inverse covariances, in native memory that this owns. Any number of threads may call at once.
 *
 * <p>A row's result must not depend on the rows beside it, or what is learned would depend on how a stream is cut into calls. Libraries do
 * not promise that: they pick a kernel by the number of rows. So a product takes {@link #ROWS} rows whatever their number, but for smaller
 * numbers of rows of which this machine was seen, at that width, to give the same bits at every place.
 */
final class Products implements AutoCloseable {
    /** Most rows of a product. */
    static final int ROWS = 32;

    private static final int[] SMALLER = {4, 8, 16};
    /** Elements of the temporary that an update goes through. Smaller ones cost more calls, larger ones leave the cache. */
    private static final int PANEL = 5 << 16;

    private final NDManager manager = NDManager.newBaseManager(Device.cpu());
    private final Map<Integer, Kernel> kernels = new ConcurrentHashMap<>();

    /**
     * What was seen of one width.
     *
     * @param rows for a number of rows, that of the smallest product they may be in
     * @param symmetric whether {@link #subtractSquare} keeps a symmetric matrix symmetric
     */
    record Kernel(int[] rows, boolean symmetric) {
        /** One for which nothing is known. */
        static Kernel unknown() {
            int[] rows = new int[ROWS + 1];
            java.util.Arrays.fill(rows, ROWS);
            return new Kernel(rows, false);
        }

        int rowsFor(int count) {
            return rows[count];
        }
    }

    NDManager manager() {
        return manager;
    }

    /** Tries the width out when it is first asked for: some six products and a temporary matrix. */
    Kernel kernel(int width) {
        return kernels.computeIfAbsent(width, this::probe);
    }

    private Kernel probe(int width) {
        Kernel kernel = Kernel.unknown();
        try (NDManager step = manager.newSubManager()) {
            NDArray matrix = dense(step, width, width);
            NDArray x = dense(step, ROWS, width);
            FloatBuffer whole = multiply(x, matrix);
            boolean anyPlace = agrees(step, x, matrix, whole, 5, ROWS);
            for (int i = SMALLER.length - 1; i >= 0 && anyPlace; i--) {
                int rows = SMALLER[i];
                for (int from = 0; from < ROWS && anyPlace; from += rows) {
                    anyPlace = agrees(step, x, matrix, whole, from + 1, rows);
                }
                if (anyPlace) {
                    java.util.Arrays.fill(kernel.rows, 0, rows + 1, rows);
                }
            }
            matrix.muli(0);
            subtractSquare(step, matrix, x);
            NDArray transposed = matrix.transpose();
            boolean symmetric = matrix.contentEquals(transposed);
            return new Kernel(kernel.rows, symmetric);
        }
    }

    /** Whether the rows {@code from .. from + count}, modulo {@link #ROWS}, give alone what they give in the whole. */
    private static boolean agrees(NDManager step, NDArray x, NDArray matrix, FloatBuffer whole, int from, int count) {
        int width = (int) matrix.getShape().get(0);
        FloatBuffer all = x.toByteBuffer(true).asFloatBuffer();
        NDArray some = step.create(new Shape(count, width));
        FloatBuffer rows = some.toByteBuffer(true).asFloatBuffer();
        for (int i = 0; i < count; i++) {
            rows.put(all.slice((from + i) % ROWS * width, width));
        }
        FloatBuffer alone = multiply(some, matrix);
        for (int i = 0; i < count; i++) {
            if (alone.slice(i * width, width).mismatch(whole.slice((from + i) % ROWS * width, width)) >= 0) {
                return false;
            }
        }
        return true;
    }

    private static FloatBuffer multiply(NDArray x, NDArray matrix) {
        return x.matMul(matrix).toByteBuffer(true).asFloatBuffer();
    }

    /** Numbers without zeros or pattern, so that another order of additions shows. */
    private static NDArray dense(NDManager step, int rows, int width) {
        NDArray array = step.create(new Shape(rows, width));
        FloatBuffer buffer = array.toByteBuffer(true).asFloatBuffer();
        int state = rows;
        for (int i = 0; i < rows * width; i++) {
            state = state * 1_664_525 + 1_013_904_223;
            buffer.put(i, state * 0x1p-31f);
        }
        return array;
    }

    /**
     * {@code X P}: rows {@code first .. first + count} of {@code x [ROWS, width]} times {@code matrix}, into the same rows of {@code u}. The
     * other rows of {@code x} must be zero. A row's result depends on that row alone.
     */
    void multiply(float[] x, NDArray matrix, float[] u, int first, int count) {
        int width = (int) matrix.getShape().get(0);
        int rows = kernel(width).rowsFor(count);
        int start = Math.min(first, ROWS - rows);
        try (NDManager step = manager.newSubManager()) {
            FloatBuffer product = multiply(copy(step, x, start * width, rows, width), matrix);
            product.get((first - start) * width, u, first * width, count * width);
        }
    }

    /** {@code target -= G^T G}, panel by panel, for {@code g [n, width]} and {@code target [width, width]}. */
    static void subtractSquare(NDManager step, NDArray target, NDArray g) {
        int width = (int) target.getShape().get(0);
        int panel = Math.max(64, PANEL / width / 64 * 64);
        for (int row = 0; row < width; row += panel) {
            int end = Math.min(width, row + panel);
            // Closed at once, so that the next panel's temporary is in the same, cached memory.
            try (NDArray part = target.get(step, new NDIndex(row + ":" + end)); // [<= panel, width], a view
                    NDArray columns = g.get(new NDIndex(":," + row + ":" + end));
                    NDArray transposed = columns.transpose(); // [<= panel, n]
                    NDArray square = transposed.matMul(g)) {
                part.subi(square);
            }
        }
    }

    /** {@code rows} of {@code values} in memory that the engine aligned, since a kernel's result may depend on alignment. */
    static NDArray copy(NDManager step, float[] values, int from, int rows, int width) {
        NDArray array = step.create(new Shape(rows, width));
        array.toByteBuffer(true).asFloatBuffer().put(values, from, rows * width);
        return array;
    }

    @Override
    public void close() {
        manager.close();
    }
}
