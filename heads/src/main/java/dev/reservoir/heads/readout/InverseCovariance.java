// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.state.SharedPartWriter;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The inverse covariance {@code P [W, W]} after a whole number of blocks of rows, in the coordinates of a
 * {@link Frame}: the first {@code F} are the features, the next is the intercept, whose input is a constant {@code c},
 * the rest is padding. A function of the settings and the rows, in order. Thread-safe.
 *
 * <p>Without rows it is {@code I / ridge} and uses no memory. {@link #then} creates the next one by recording the work
 * to be done; {@link #finish} does that work before the numbers are needed, and if it fails midway, the next call
 * resumes there:
 *
 * <pre>
 *   SUBTRACT --> BOUND --> MOVE --> READY
 *                 | ^
 *                 +-+  for each block of columns that grew too large
 * </pre>
 */
final class InverseCovariance {
    /** The intercept's penalty is at most this share of the information in one row. */
    private static final double INTERCEPT = 1e-9;
    /** A column's penalty is at least this share of the information in its first change. */
    private static final double FARTHEST = 1e-9;
    /** The centre moves when it is farther from the rows' mean than this many standard deviations. */
    private static final double FAR = 100;
    /** A diagonal element may grow to this many times its first value before it is set back. */
    private static final double MAX_GROWTH = 16;

    /**
     * Sizes and constants that heads with one inverse covariance share.
     *
     * @param features {@code F}
     * @param firstClientColumn the columns from here on are in units of the client's own
     * @param width {@code W}
     * @param block {@code B}, rows that are absorbed together
     */
    record Settings(int features, int firstClientColumn, double ridge, double forgetting, int width, int block) {
        private static final int BLOCK = 32;
        /** From this width on blocks are longer, because a pass over the matrix costs more. */
        private static final int WIDE = 1_024;

        private static final int WIDE_BLOCK = 64;
        /** Within a block {@code P} grows to at most this many times its size. */
        private static final double GROWTH = 64;

        static Settings of(int features, int firstClientColumn, double ridge, double forgetting) {
            int longest = features < WIDE ? BLOCK : WIDE_BLOCK;
            int block = forgetting == 1
                    ? longest
                    : (int) Math.min(longest, -StrictMath.log(GROWTH) / StrictMath.log(forgetting));
            return new Settings(
                    features, firstClientColumn, ridge, forgetting, SymmetricMatrix.width(features + 1), block);
        }

        /** The weight of an example {@code rows} rows later. */
        double faded(int rows) {
            return StrictMath.pow(forgetting, rows);
        }

        /** The constant {@code c} appended to the features, a power of two. */
        double constant() {
            return Math.scalb(1.0, Math.getExponent(Math.sqrt(ridge / INTERCEPT)) + 1);
        }

        /** Bound on a column's first change in {@code z}. */
        double farthest() {
            return Math.sqrt(ridge / FARTHEST);
        }
    }

    private enum Stage {
        SUBTRACT,
        BOUND,
        MOVE,
        READY
    }

    private final Settings settings;
    private final RowProducts products;
    private final @Nullable SymmetricMatrix matrix;
    /** Sum over the rows of {@code forgetting^age}. */
    private final double weight;
    /** The last row; empty without rows. */
    private final float[] last;

    @GuardedBy("this")
    private Stage stage;
    /** Rows {@code [B, W]} whose square is to be subtracted. */
    @GuardedBy("this")
    private double @Nullable [] subtrahend;

    /** Columns that {@link Stage#BOUND} has looked at. */
    @GuardedBy("this")
    private int bounded;

    @GuardedBy("this")
    private @Nullable Frame frame;

    @GuardedBy("this")
    private double @Nullable [] shift;

    /** Id of its stored form; null until that is known. */
    @GuardedBy("this")
    private @Nullable String id;

    private InverseCovariance(
            InverseCovariance before, SymmetricMatrix matrix, double[] subtrahend, Frame frame, float[] last) {
        this.settings = before.settings;
        this.products = before.products;
        this.matrix = matrix;
        double faded = settings.faded(settings.block());
        double added = settings.forgetting() == 1 ? settings.block() : (1 - faded) / (1 - settings.forgetting());
        this.weight = before.weight * faded + added;
        this.last = last;
        this.subtrahend = subtrahend;
        this.frame = frame;
        this.stage = Stage.SUBTRACT;
    }

    /** The one without rows. */
    InverseCovariance(Settings settings, RowProducts products) {
        this.settings = settings;
        this.products = products;
        this.matrix = null;
        this.weight = 0;
        this.last = new float[0];
        this.stage = Stage.READY;
    }

    /**
     * The one that was stored.
     *
     * @param id of the stored form
     */
    InverseCovariance(Settings settings, RowProducts products, StoredCovariance stored, String id) {
        this.settings = settings;
        this.products = products;
        this.matrix = stored.unpack(products.manager());
        this.weight = stored.weight();
        this.last = stored.last();
        this.frame = stored.frame();
        this.shift = stored.shift();
        this.stage = Stage.READY;
        this.id = id;
    }

    /**
     * Adds its stored form, unless that is at hand already. The caller stands on a block with this base, so that the
     * numbers do not change meanwhile; others go on multiplying by them.
     *
     * @return the id; empty without rows, when nothing is stored
     */
    String save(SharedPartWriter parts) {
        if (matrix == null) {
            return "";
        }
        String known = knownId();
        if (known != null && parts.refer(known)) {
            return known;
        }
        finish();
        StoredCovariance stored = new StoredCovariance(
                StoredCovariance.pack(matrix, settings.features() + 1),
                weight,
                last,
                Objects.requireNonNull(frame()),
                shift());
        String made = parts.add(stored.state());
        synchronized (this) {
            id = made;
        }
        return made;
    }

    /** Id of its stored form; empty without rows. Takes the time to compute that form once. */
    String id() {
        String known = knownId();
        return known != null ? known : save(new SharedPartWriter(anyId -> true));
    }

    /** Its id if that was computed before, else null. */
    synchronized @Nullable String knownId() {
        return id;
    }

    Settings settings() {
        return settings;
    }

    RowProducts products() {
        return products;
    }

    boolean holdsMatrix() {
        return matrix != null;
    }

    /** The coordinates of {@code P}; null without rows. */
    @Nullable
    synchronized Frame frame() {
        finish();
        return frame;
    }

    /**
     * How the weights of a head must be adjusted when it moves here from the previous block: the centre of {@code z}
     * moved by {@code c} times this, {@code [F]}. Null if it did not move.
     */
    synchronized double @Nullable [] shift() {
        finish();
        return shift;
    }

    /** {@code Z P} for {@code z [rows, W]}. */
    double[] times(double[] z, int rows) {
        if (matrix != null) {
            finish();
            return matrix.multiply(z, rows);
        }
        double[] u = new double[z.length];
        for (int i = 0; i < z.length; i++) {
            u[i] = z[i] / settings.ridge();
        }
        return u;
    }

    /**
     * The inverse covariance after a whole block: {@code (P - G^T G) / forgetting^B}, kept bounded. Fails, if at all,
     * before it has changed anything.
     *
     * @param g {@code G [B, W]}
     * @param known the coordinates of the block
     * @param row the last one of the block
     * @param inPlace whether it may reuse this one's memory; then this one must not be used again
     */
    InverseCovariance then(double[] g, Frame known, float[] row, boolean inPlace) {
        SymmetricMatrix target;
        if (matrix == null) {
            target = SymmetricMatrix.of(products.manager(), settings.features() + 1, 1 / settings.ridge());
        } else if (inPlace) {
            target = matrix;
        } else {
            finish();
            target = matrix.copy();
        }
        return new InverseCovariance(this, target, g, known, row);
    }

    /** Does the recorded work. */
    synchronized void finish() {
        while (matrix != null && stage != Stage.READY) {
            switch (stage) {
                case SUBTRACT -> {
                    subtract(matrix, 1 / settings.faded(settings.block()));
                    stage = settings.forgetting() < 1 ? Stage.BOUND : Stage.MOVE;
                }
                case BOUND -> {
                    if (subtrahend == null) {
                        subtrahend = excess(matrix);
                    }
                    if (subtrahend == null) {
                        stage = Stage.MOVE;
                    } else {
                        subtract(matrix, 1);
                    }
                }
                case MOVE -> {
                    if (frame != null && distance(matrix) > FAR * FAR + 4.0 * settings.features()) {
                        move(matrix, frame);
                    }
                    stage = Stage.READY;
                }
                case READY -> throw new IllegalStateException("nothing is to be done");
            }
            verifyState();
        }
    }

    @GuardedBy("this")
    private void verifyState() {
        boolean subtracting = stage == Stage.SUBTRACT || stage == Stage.BOUND;
        if (subtrahend != null && !subtracting) {
            throw new IllegalStateException("rows are left to be subtracted in stage " + stage);
        }
    }

    @GuardedBy("this")
    private void subtract(SymmetricMatrix p, double scale) {
        if (subtrahend != null) {
            p.subtractSquare(subtrahend, settings.block(), scale);
            subtrahend = null;
        }
    }

    /**
     * Forgetting lets {@code P} grow without end along what the features do not excite. A coordinate whose diagonal
     * element passes {@code MAX_GROWTH / ridge} is observed once at the weights' own value, with the noise that brings
     * it back to {@code 1 / ridge}: the weights do not change, and nothing is forgotten along what the features do
     * excite. Returns {@code G} of a block of such observations, null if there are no more.
     */
    @GuardedBy("this")
    private double @Nullable [] excess(SymmetricMatrix p) {
        int width = settings.width();
        double limit = 1 / settings.ridge();
        int[] columns = new int[settings.block()];
        int count = 0;
        for (; bounded <= settings.features() && count < columns.length; bounded++) {
            if (p.get(bounded, bounded) > MAX_GROWTH * limit) {
                columns[count++] = bounded;
            }
        }
        if (count == 0) {
            return null;
        }
        double[] g = new double[columns.length * width]; // (B, W)
        for (int n = 0; n < count; n++) {
            int at = n * width;
            p.row(columns[n], g, at);
            for (int k = 0; k < n; k++) {
                subtract(g, at, k * width, g[k * width + columns[n]], width);
            }
            // The variance that remains after the previous observations; noise r makes it variance r / (variance + r) =
            // limit.
            double variance = g[at + columns[n]];
            double inverse = variance > limit ? Math.sqrt(variance - limit) / variance : 0;
            for (int i = at; i < at + width; i++) {
                g[i] *= inverse;
            }
        }
        return g;
    }

    private static void subtract(double[] g, int at, int from, double factor, int width) {
        for (int i = 0; i < width; i++) {
            g[at + i] -= factor * g[from + i];
        }
    }

    /**
     * Square of the distance of the centre from the rows' mean in their standard deviations (Mahalanobis), which shows
     * in the intercept.
     */
    private double distance(SymmetricMatrix p) {
        double c = settings.constant();
        return weight * c * c * p.get(settings.features(), settings.features()) - 1;
    }

    /**
     * Moves the centre to the last row. From {@code z} to {@code z - d}: {@code P} becomes {@code T P T^T}, where
     * {@code T} is the identity with {@code d^T / c} in the intercept's row.
     */
    @GuardedBy("this")
    private void move(SymmetricMatrix p, Frame from) {
        int block = settings.block();
        int intercept = settings.features();
        double[] ratio = new double[intercept]; // d / c
        from.apply(last, 0, ratio, 0);
        double square = 0;
        for (int j = 0; j < intercept; j++) {
            ratio[j] /= settings.constant();
        }
        double[] v = p.multiply(Arrays.copyOf(ratio, block * settings.width()), block); // P d / c in row 0
        for (int j = 0; j < intercept; j++) {
            square += ratio[j] * v[j];
        }
        Frame moved = from.moved(last);
        for (int j = 0; j < intercept; j++) {
            p.set(intercept, j, p.get(intercept, j) + v[j]);
        }
        p.set(intercept, intercept, p.get(intercept, intercept) + 2 * v[intercept] + square);
        shift = ratio;
        frame = moved;
    }

    synchronized long bytes() {
        long matrices = matrix == null ? 0 : matrix.bytes();
        long rows = 4L * last.length
                + 8L * (subtrahend == null ? 0 : subtrahend.length)
                + 8L * (shift == null ? 0 : shift.length);
        return matrices + rows + (frame == null ? 0 : frame.bytes());
    }

    /** Copies {@code P} out, for tests. */
    double[] toArray() {
        int width = settings.width();
        double[] all = new double[width * width];
        for (int i = 0; i <= settings.features(); i++) {
            all[i * width + i] = 1 / settings.ridge();
        }
        if (matrix != null) {
            finish();
            for (int i = 0; i < width; i++) {
                matrix.row(i, all, i * width);
            }
        }
        return all;
    }

    void close() {
        if (matrix != null) {
            matrix.close();
        }
    }
}
