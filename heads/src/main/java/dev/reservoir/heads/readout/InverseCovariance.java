package dev.reservoir.heads.readout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The inverse covariance {@code P [width, width]} f32 in native memory at a multiple of the block length. Symmetric; zero beyond {@code F + 1}.
 * The untrained one is {@code I / ridge} and holds nothing. Written only by {@link #absorb}, which its owner calls alone.
 */
final class InverseCovariance {
    /** Blocks after which rounding's asymmetry, where a product leaves any, is averaged away. */
    private static final int SYMMETRISE_EVERY = 16;

    final Shapes shapes;
    private final Products products;
    private final @Nullable NDArray matrix;
    private int blocks;

    /** Guarded by the family: tails that read this. */
    int references;

    /** Sizes and constants that equal heads share. */
    record Shapes(int features, int width, int block, double ridge, double forgetting) {
        /** Within a block {@code P} grows to at most this many times its size. */
        private static final double GROWTH = 64;

        static Shapes of(int features, double ridge, double forgetting) {
            int width = (features + 1 + 7) / 8 * 8;
            int block = forgetting == 1
                    ? Products.ROWS
                    : (int) Math.min(Products.ROWS, -StrictMath.log(GROWTH) / StrictMath.log(forgetting));
            return new Shapes(features, width, block, ridge, forgetting);
        }

        /** What {@code 1} was worth {@code examples} later: {@code forgetting^examples}. */
        double faded(int examples) {
            return StrictMath.pow(forgetting, examples);
        }
    }

    private InverseCovariance(Shapes shapes, Products products, @Nullable NDArray matrix, int blocks) {
        this.shapes = shapes;
        this.products = products;
        this.matrix = matrix;
        this.blocks = blocks;
    }

    static InverseCovariance untrained(Shapes shapes, Products products) {
        return new InverseCovariance(shapes, products, null, 0);
    }

    boolean holdsMatrix() {
        return matrix != null;
    }

    long bytes() {
        return matrix == null ? 0 : 4L * shapes.width * shapes.width;
    }

    /**
     * {@code X P}: rows {@code first .. first + count} of {@code x [ROWS, width]} times {@code P}, into the same rows of {@code u}. The
     * other rows of {@code x} must be zero. A row's result depends on that row alone.
     */
    void multiply(float[] x, float[] u, int first, int count) {
        int width = shapes.width;
        if (matrix == null) {
            float inverse = (float) (1 / shapes.ridge);
            for (int i = first * width; i < (first + count) * width; i++) {
                u[i] = x[i] * inverse;
            }
            return;
        }
        products.multiply(x, matrix, u, first, count);
    }

    /**
     * {@code (P - G^T G) / forgetting^block}, kept bounded: into this one where {@code inPlace}, else into a new one.
     *
     * @param tail {@code G [block, width]}
     */
    InverseCovariance absorb(float[] tail, boolean inPlace) {
        NDArray target = matrix == null ? diagonal() : inPlace ? matrix : matrix.duplicate();
        target.attach(products.manager());
        try (NDManager step = products.manager().newSubManager()) {
            Products.subtractSquare(step, target, Products.copy(step, tail, 0, shapes.block, shapes.width));
            if (shapes.forgetting < 1) {
                target.muli((float) (1 / shapes.faded(shapes.block)));
                bound(step, target);
            }
            if ((blocks + 1) % SYMMETRISE_EVERY == 0
                    && !products.kernel(shapes.width).symmetric()) {
                NDArray view = target.transpose();
                view.attach(step);
                NDArray transposed = view.duplicate();
                transposed.attach(step);
                target.addi(transposed);
                target.muli(0.5f);
            }
        }
        if (inPlace && matrix != null) {
            blocks++;
            return this;
        }
        return new InverseCovariance(shapes, products, target, blocks + 1);
    }

    private NDArray diagonal() {
        int width = shapes.width;
        NDArray identity = products.manager().zeros(new Shape(width, width));
        FloatBuffer buffer = identity.toByteBuffer(true).asFloatBuffer();
        for (int i = 0; i <= shapes.features; i++) {
            buffer.put(i * width + i, (float) (1 / shapes.ridge));
        }
        return identity;
    }

    /**
     * Forgetting lets {@code P} grow without end along what the features do not excite. No diagonal element may pass its first value, so
     * neither may the trace: a row and column that would is scaled by a power of two, which is exact and keeps the matrix symmetric and
     * positive. For a feature that stays zero that is the ridge, not forgotten.
     */
    private void bound(NDManager step, NDArray target) {
        int width = shapes.width;
        FloatBuffer buffer = target.toByteBuffer(true).asFloatBuffer();
        float limit = (float) (1 / shapes.ridge);
        float[] scale = new float[width];
        boolean over = false;
        for (int i = 0; i < width; i++) {
            scale[i] = 1;
            for (float diagonal = buffer.get(i * width + i); diagonal > limit; diagonal *= 0.25f) {
                scale[i] *= 0.5f;
                over = true;
            }
        }
        if (over) {
            target.muli(step.create(scale, new Shape(1, width)));
            target.muli(step.create(scale, new Shape(width, 1)));
        }
    }

    /** Copies {@code P} out, for tests. */
    float[] toArray() {
        if (matrix == null) {
            try (NDArray identity = diagonal()) {
                return identity.toFloatArray();
            }
        }
        return matrix.toFloatArray();
    }

    void close() {
        if (matrix != null) {
            matrix.close();
        }
    }
}
