package dev.reservoir.heads.readout;

import dev.reservoir.heads.math.NotFinite;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A head's place in its family's inverse covariances. Not safe for threads, but any number of readers may move at once.
 *
 * <p>{@link #step} goes on by one row; then {@link #rows}, {@link #at}, {@link #root} and {@link #largest} tell that row's gain.
 */
final class CovarianceReader implements AutoCloseable {
    private final Covariances covariances;
    private final Covariances.Family family;
    private @Nullable Tail tail;
    /** Rows of {@link #tail} that this head has learned. */
    private int position;

    CovarianceReader(Covariances covariances, Covariances.Key key) {
        this.covariances = covariances;
        this.family = covariances.join(key);
    }

    Digest digest(Row row) {
        return covariances.digester.row(
                row.values(), row.from(), family.shapes().features());
    }

    /**
     * Moves past {@code rows.get(index)}. Where nobody was here before, as many of the rows after it as fit are worked out with it.
     *
     * @throws NotFinite where the row leads to a number that is not finite; then nothing has moved
     */
    void step(List<Row> rows, List<Digest> digests, int index) {
        Digest digest = digests.get(index);
        Tail here = tail;
        if (here == null) {
            here = covariances.begin(family, digest);
        } else if (position == family.shapes().block()) {
            here = covariances.advance(family, here, digest);
            position = 0;
        }
        tail = here;
        while (!here.has(position, digest)) {
            if (position < here.count()) {
                here = covariances.fork(family, here, position, digest);
                tail = here;
            } else {
                extend(here, rows, digests, index);
            }
        }
        position++;
    }

    private void extend(Tail here, List<Row> rows, List<Digest> digests, int index) {
        InverseCovariance.Shapes shapes = family.shapes();
        int width = shapes.width();
        synchronized (here) {
            if (here.count() != position) {
                return;
            }
            int count = Math.min(rows.size() - index, shapes.block() - position);
            Covariances.Scratch scratch = covariances.borrow(width);
            try {
                float[] x = scratch.x();
                for (int i = 0; i < count; i++) {
                    Row row = rows.get(index + i);
                    int at = (position + i) * width;
                    System.arraycopy(row.values(), row.from(), x, at, shapes.features());
                    x[at + shapes.features()] = 1;
                }
                here.base.multiply(x, scratch.u(), position, count);
                for (int i = 0; i < count; i++) {
                    if (!here.append(x, scratch.u(), scratch.products(), digests.get(index + i))) {
                        if (i == 0) {
                            throw new NotFinite("the inverse covariance met features too large for it");
                        }
                        break;
                    }
                }
            } finally {
                Arrays.fill(scratch.x(), position * width, (position + count) * width, 0);
                covariances.giveBack(width, scratch);
            }
        }
    }

    /** Holds the row last stepped past, at {@link #at}; the gain is that row over {@link #root}. */
    float[] rows() {
        return current().rows();
    }

    int at() {
        return (position - 1) * family.shapes().width();
    }

    double root() {
        return current().root(position - 1);
    }

    float largest() {
        return current().largest(position - 1);
    }

    int width() {
        return family.shapes().width();
    }

    /** {@code P} as it is for this head now, unscaled by forgetting within the block; for tests. */
    float[] base() {
        return current().base.toArray();
    }

    private Tail current() {
        if (tail == null) {
            throw new IllegalStateException("no row was stepped past");
        }
        return tail;
    }

    long bytes() {
        return tail == null ? 0 : tail.bytes();
    }

    @Override
    public void close() {
        if (tail != null) {
            covariances.exitTail(family, tail);
            tail = null;
        }
        covariances.leave(family);
    }
}
