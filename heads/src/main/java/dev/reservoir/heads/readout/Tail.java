package dev.reservoir.heads.readout;

import dev.reservoir.heads.math.Vectors;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import java.util.Arrays;

/**
 * Examples learned since a base: {@code P = (base - G^T G) / forgetting^count}, row {@code j} of {@code G [block, width]} being {@code u_j /
 * sqrt(s_j)}. Rows are only ever appended, by whoever holds the tail's monitor; those below {@link #count} may be read by anybody.
 *
 * <p>With {@code u = (base - G^T G) x} and {@code s = forgetting^(j + 1) + x . u} the gain of recursive least squares is {@code u / s}: the
 * common factor of forgetting cancels, so that {@code base} and {@code G} need not be scaled an example.
 */
final class Tail {
    final InverseCovariance base;
    /** Digest of all examples before this tail. */
    final Digest start;

    private final Digest[] digests;
    private final double[] roots;
    private final float[] largest;
    private float[] rows;
    private volatile int count;
    /** Guarded by the family: heads that stand here. */
    int readers;

    Tail(InverseCovariance base, Digest start) {
        this.base = base;
        this.start = start;
        int block = base.shapes.block();
        this.digests = new Digest[block];
        this.roots = new double[block];
        this.largest = new float[block];
        this.rows = new float[0];
    }

    /** A tail of the same base that begins with the first {@code length} rows of {@code other}. */
    static Tail fork(Tail other, int length) {
        Tail tail = new Tail(other.base, other.start);
        int width = other.base.shapes.width();
        tail.rows = new float[other.base.shapes.block() * width];
        System.arraycopy(other.rows, 0, tail.rows, 0, length * width);
        System.arraycopy(other.digests, 0, tail.digests, 0, length);
        System.arraycopy(other.roots, 0, tail.roots, 0, length);
        System.arraycopy(other.largest, 0, tail.largest, 0, length);
        tail.count = length;
        return tail;
    }

    int count() {
        return count;
    }

    boolean full() {
        return count == base.shapes.block();
    }

    boolean has(int position, Digest digest) {
        return position < count && digests[position].equals(digest);
    }

    /** Whether the first {@code length} rows are those of {@code other}. */
    boolean beginsLike(Tail other, int length) {
        return count >= length && Arrays.equals(digests, 0, length, other.digests, 0, length);
    }

    float[] rows() {
        return rows;
    }

    /** {@code sqrt(s)} of a row; the gain is the row over this. */
    double root(int position) {
        return roots[position];
    }

    /** Largest magnitude in a row. */
    float largest(int position) {
        return largest[position];
    }

    Digest end(FeatureDigest digester) {
        Digest digest = start;
        for (int i = 0; i < count; i++) {
            digest = digester.then(digest, digests[i]);
        }
        return digest;
    }

    /**
     * Appends {@code x}, the row of {@code block} at the next place, given {@code u = base x} there. The caller holds this monitor.
     *
     * @param products scratch {@code [block]}
     * @return false, and nothing has changed, where the result is not finite
     */
    boolean append(float[] x, float[] u, double[] products, Digest digest) {
        int width = base.shapes.width();
        int position = count;
        int at = position * width;
        if (rows.length == 0) {
            rows = new float[base.shapes.block() * width];
        }
        for (int k = 0; k < position; k++) {
            products[k] = Vectors.dotInDouble(rows, k * width, x, at, width);
        }
        System.arraycopy(u, at, rows, at, width);
        int k = 0;
        for (; k + 1 < position; k += 2) {
            subtract(rows, at, k * width, (float) products[k], (float) products[k + 1], width);
        }
        if (k < position) {
            subtract(rows, at, k * width, (float) products[k], width);
        }
        double squared = Vectors.dotInDouble(rows, at, x, at, width);
        // Rounding may leave a direction that is known well slightly negative; it has nothing left to teach.
        double s = base.shapes.faded(position + 1) + Math.max(0, squared);
        double root = Math.sqrt(s);
        float inverse = squared > 0 ? (float) (1 / root) : squared <= 0 ? 0 : Float.NaN;
        float most = 0;
        float sum = 0;
        for (int i = at; i < at + width; i++) {
            float g = rows[i] * inverse;
            rows[i] = g;
            most = Math.max(most, Math.abs(g));
            sum += g;
        }
        if (!Float.isFinite(most) || Float.isNaN(sum) || !Double.isFinite(root)) {
            return false;
        }
        roots[position] = root;
        largest[position] = most;
        digests[position] = digest;
        count = position + 1;
        return true;
    }

    private static void subtract(float[] rows, int at, int from, float a, float b, int width) {
        int second = from + width;
        for (int i = 0; i < width; i++) {
            rows[at + i] -= a * rows[from + i] + b * rows[second + i];
        }
    }

    private static void subtract(float[] rows, int at, int from, float a, int width) {
        for (int i = 0; i < width; i++) {
            rows[at + i] -= a * rows[from + i];
        }
    }

    /** Bytes held, the base included. */
    long bytes() {
        return base.bytes() + 4L * rows.length + 64L * roots.length;
    }
}
