// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.math.NotFinite;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import dev.reservoir.heads.readout.InverseCovariance.Settings;
import dev.reservoir.heads.state.Packed;
import dev.reservoir.heads.state.SharedPartWriter;
import dev.reservoir.state.v1.CovarianceRows;
import dev.reservoir.state.v1.RowFrame;
import java.util.Arrays;
import java.util.List;

/**
 * The rows learned since an {@link InverseCovariance} {@code P}, and their gains: those of recursive least squares row
 * by row, computed for many rows at once. With {@code Z} the rows and {@code f} the forgetting factor,
 *
 * <pre>
 *   U     = Z P                                  (B, W)
 *   C C^T = Z U^T + diag(f, f^2, ..., f^B)       (B, B), lower triangular: Cholesky
 *   G     = C^-1 U                               (B, W)
 * </pre>
 *
 * Row {@code n} of {@code G} over {@code C_nn} is the gain of row {@code n}, and after the block {@code P} is {@code (P
 * - G^T G) / f^B}. Row {@code n} of each depends on the rows up to {@code n} alone, so what is learned does not depend
 * on how many rows arrived together.
 *
 * <p>Rows are only ever appended; those below {@link #count} never change. Thread-safe.
 */
final class CovarianceBlock {
    /**
     * A variance {@code z' P z} made negative by rounding counts as 0 down to minus this share of the noise; below that
     * {@code P} has lost its precision.
     */
    private static final double ROUNDING = 0.5;
    /** Memory grows by this many rows at a time. */
    private static final int STEP = 8;

    final InverseCovariance base;
    /** Digest of all rows before this block. */
    final Digest start;

    private final Settings settings;
    private final Digest[] digests;
    /** The coordinates; known once there is a row. */
    private final Frame[] frames;
    /** {@code C_nn}. */
    private final double[] roots;
    /** Largest magnitude in a row of {@code G}. */
    private final double[] largest;

    /** {@code U}, as many rows as there was need for. */
    @GuardedBy("this")
    private double[] u = {};
    /** {@code C} and its inverse {@code [B, B]}; empty before the first row. */
    @GuardedBy("this")
    private double[] factor = {};

    @GuardedBy("this")
    private double[] inverse = {};

    private volatile int count;
    /** The last row, once the block is full. */
    private volatile float[] last = {};

    private volatile Gains gains = Gains.NONE;

    /** Rows {@code from .. to} of {@code G}. */
    record Gains(int from, int to, double[] g) {
        static final Gains NONE = new Gains(0, 0, new double[0]);
    }

    CovarianceBlock(InverseCovariance base, Digest start) {
        this.base = base;
        this.start = start;
        this.settings = base.settings();
        this.digests = new Digest[settings.block()];
        this.frames = new Frame[settings.block()];
        this.roots = new double[settings.block()];
        this.largest = new double[settings.block()];
    }

    /**
     * Upper bound on the bytes of a block's rows without its base, and on those of its gains, whichever are more; rows
     * in units of the client's own may need a frame each.
     */
    static long heapBytes(Settings settings) {
        long block = settings.block();
        boolean clientColumns = settings.firstClientColumn() < settings.features();
        long frames = Float.BYTES * 2L * settings.features() * (clientColumns ? block : 1);
        return Double.BYTES * block * settings.width() + frames + Double.BYTES * 2L * block * block + 128 * block;
    }

    /** A block on the same base that begins with the first {@code length} rows of this one. */
    synchronized CovarianceBlock fork(int length) {
        CovarianceBlock block = new CovarianceBlock(base, start);
        synchronized (block) {
            if (length > 0) {
                block.u = Arrays.copyOf(u, length * settings.width());
                block.factor = Arrays.copyOf(factor, factor.length);
                block.inverse = Arrays.copyOf(inverse, inverse.length);
                System.arraycopy(digests, 0, block.digests, 0, length);
                System.arraycopy(frames, 0, block.frames, 0, length);
                System.arraycopy(roots, 0, block.roots, 0, length);
                System.arraycopy(largest, 0, block.largest, 0, length);
            }
            block.count = length;
        }
        return block;
    }

    int count() {
        return count;
    }

    boolean has(int position, Digest digest) {
        return position < count && digests[position].equals(digest);
    }

    /** Whether the first {@code length} rows are those of {@code other}. */
    boolean beginsLike(CovarianceBlock other, int length) {
        return count >= length && Arrays.equals(digests, 0, length, other.digests, 0, length);
    }

    /** Digest of the rows up to here. */
    Digest end(FeatureDigest digester) {
        Digest digest = start;
        for (int i = 0; i < count; i++) {
            digest = digester.then(digest, digests[i]);
        }
        return digest;
    }

    Frame frame(int position) {
        return frames[position];
    }

    /** {@code C_nn} of a row; its gain is its row of {@code G} over this. */
    double root(int position) {
        return roots[position];
    }

    /** Largest magnitude in a row of {@code G}. */
    double largest(int position) {
        return largest[position];
    }

    /**
     * Appends rows of {@code added} from {@code first} on, as many as fit and are finite; none if the block already has
     * more than {@code position} rows.
     *
     * @throws NotFinite if the first of them is not finite; then nothing has changed
     */
    synchronized void append(int position, List<Row> added, List<Digest> names, int first) {
        if (count != position) {
            return;
        }
        int block = settings.block();
        int width = settings.width();
        int rows = Math.min(block - position, added.size() - first);
        int padded = base.products().padded(width, block, rows);

        double[] z = new double[padded * width]; // (R, W)
        Frame frame = position > 0 ? frames[position - 1] : base.frame();
        for (int n = 0; n < rows; n++) {
            Row row = added.get(first + n);
            frame = frame != null ? frame : Frame.of(row.values(), row.from(), settings);
            frame = frame.with(row.values(), row.from(), settings);
            frames[position + n] = frame;
            frame.apply(row.values(), row.from(), z, n * width);
            z[n * width + settings.features()] = settings.constant();
        }
        reserve(position + rows);
        System.arraycopy(base.times(z, padded), 0, u, position * width, rows * width); // Z P (R, W)
        double[] h = base.products().timesTransposed(z, padded, u, block, width); // Z U^T (R, B)

        double[] c = factor.length > 0 ? factor : new double[block * block];
        double[] d = inverse.length > 0 ? inverse : new double[block * block];
        int sound = position;
        while (sound < position + rows && factorise(sound, h, (sound - position) * block, c)) {
            invert(sound, c, d);
            sound++;
        }
        // Zero times a number that is not finite is not zero.
        Arrays.fill(u, sound * width, u.length, 0);
        double[] g = gains(position, position + rows, d); // (R, W)
        for (int n = position; n < sound; n++) {
            largest[n] = largest(g, (n - position) * width, width);
            sound = largest[n] < Double.POSITIVE_INFINITY ? sound : n;
        }
        if (sound == position) {
            throw new NotFinite("the features are too large for the inverse covariance, or it has lost its precision");
        }
        for (int n = position; n < sound; n++) {
            digests[n] = names.get(first + n - position);
        }
        factor = c;
        inverse = d;
        if (sound == block) {
            Row row = added.get(first + sound - 1 - position);
            last = Arrays.copyOfRange(row.values(), row.from(), row.from() + settings.features());
        }
        gains = new Gains(position, sound, g);
        count = sound;
    }

    /**
     * Appends the stored rows from {@code position} on, as if they had been computed here; does nothing if the block
     * already has more rows.
     */
    synchronized void adopt(int position, StoredRows stored) {
        if (count != position) {
            return;
        }
        int block = settings.block();
        int width = settings.width();
        int end = stored.count();
        reserve(end);
        System.arraycopy(stored.u(), position * width, u, position * width, (end - position) * width);
        factor = factor.length > 0 ? factor : new double[block * block];
        inverse = inverse.length > 0 ? inverse : new double[block * block];
        for (int n = position; n < end; n++) {
            System.arraycopy(stored.factor(), StoredRows.triangle(n), factor, n * block, n + 1);
            roots[n] = factor[n * block + n];
            invert(n, factor, inverse);
            largest[n] = stored.largest()[n];
            frames[n] = stored.frames()[n];
            digests[n] = stored.digests()[n];
        }
        count = end;
    }

    /**
     * Adds the stored form of the first {@code length} rows, and of what they are based on.
     *
     * @return its id
     */
    String save(SharedPartWriter parts, int length, long keyCheck) {
        String baseId = base.save(parts);
        return parts.add(rows(length).setBase(baseId).setKeyCheck(keyCheck).build());
    }

    private synchronized CovarianceRows.Builder rows(int length) {
        int block = settings.block();
        double[] triangle = new double[StoredRows.triangle(length)];
        long[] names = new long[2 * length];
        CovarianceRows.Builder state = CovarianceRows.newBuilder();
        for (int n = 0; n < length; n++) {
            System.arraycopy(factor, n * block, triangle, StoredRows.triangle(n), n + 1);
            names[2 * n] = digests[n].high();
            names[2 * n + 1] = digests[n].low();
            if (n == 0 || frames[n] != frames[n - 1]) {
                state.addFrames(RowFrame.newBuilder().setFirstRow(n).setFrame(frames[n].state()));
            }
        }
        return state.setStart(Packed.of(new long[] {start.high(), start.low()}))
                .setCount(length)
                .setDigests(Packed.of(names))
                .setProducts(Packed.of(u, length * settings.width()))
                .setFactor(Packed.of(triangle))
                .setLargest(Packed.of(largest, length));
    }

    /** Makes space for {@code rows} rows of {@code U}; those that are not learned are zero afterwards. */
    @GuardedBy("this")
    private void reserve(int rows) {
        int width = settings.width();
        int needed = Math.min(settings.block(), (rows + STEP - 1) / STEP * STEP) * width;
        if (u.length < needed) {
            u = Arrays.copyOf(u, needed);
        }
        Arrays.fill(u, count * width, u.length, 0);
    }

    /**
     * Computes row {@code n} of {@code C} from row {@code n} of {@code Z U^T}, at {@code at} in {@code h}; false if it
     * does not exist.
     */
    private boolean factorise(int n, double[] h, int at, double[] c) {
        int block = settings.block();
        double variance = h[at + n];
        for (int k = 0; k < n; k++) {
            double sum = h[at + k];
            for (int l = 0; l < k; l++) {
                sum -= c[n * block + l] * c[k * block + l];
            }
            sum /= c[k * block + k];
            c[n * block + k] = sum;
            variance -= sum * sum;
        }
        double noise = settings.faded(n + 1);
        if (!(variance > -ROUNDING * noise && variance < Double.POSITIVE_INFINITY)) {
            return false;
        }
        roots[n] = Math.sqrt(noise + Math.max(0, variance));
        c[n * block + n] = roots[n];
        return true;
    }

    /** Computes row {@code n} of the inverse {@code d} of {@code c}. */
    private void invert(int n, double[] c, double[] d) {
        int block = settings.block();
        double root = c[n * block + n];
        for (int k = 0; k < n; k++) {
            double sum = 0;
            for (int l = k; l < n; l++) {
                sum -= c[n * block + l] * d[l * block + k];
            }
            d[n * block + k] = sum / root;
        }
        d[n * block + n] = 1 / root;
    }

    /** Rows {@code from .. to} of {@code G}, then zeros. */
    @GuardedBy("this")
    private double[] gains(int from, int to, double[] d) {
        int block = settings.block();
        int padded = base.products().padded(settings.width(), block, to - from);
        double[] part = new double[padded * block]; // (R, B)
        System.arraycopy(d, from * block, part, 0, (to - from) * block);
        return base.products().times(part, padded, u, block, settings.width());
    }

    private static double largest(double[] values, int from, int width) {
        double largest = 0;
        double sum = 0;
        for (int i = from; i < from + width; i++) {
            largest = Math.max(largest, Math.abs(values[i]));
            sum += values[i];
        }
        return Double.isNaN(sum) ? Double.NaN : largest;
    }

    /** Gains from row {@code position}, which must exist, on. */
    Gains gains(int position) {
        Gains known = gains;
        return position >= known.from && position < known.to ? known : workOut(position);
    }

    private synchronized Gains workOut(int from) {
        Gains known = new Gains(from, count, gains(from, count, inverse));
        gains = known;
        return known;
    }

    /** {@code P} after this block, which must be full: see {@link InverseCovariance#then}. */
    synchronized InverseCovariance then(boolean inPlace) {
        if (count != settings.block()) {
            throw new IllegalStateException("rows: " + count + " (expected: " + settings.block() + ")");
        }
        return base.then(gains(0, count, inverse), frames[count - 1], last, inPlace);
    }

    /** Drops what can be computed again. */
    void rest() {
        gains = Gains.NONE;
    }

    /** Bytes of memory used, the base included. */
    synchronized long bytes() {
        long numbers =
                (long) u.length + factor.length + inverse.length + roots.length + largest.length + gains.g.length;
        return base.bytes() + 8 * numbers + 48L * digests.length + 4L * last.length;
    }
}
