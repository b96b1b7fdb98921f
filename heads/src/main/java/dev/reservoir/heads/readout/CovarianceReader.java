// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.UnusableState.Problem;
import dev.reservoir.heads.math.NotFinite;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import dev.reservoir.heads.readout.InverseCovariance.Settings;
import dev.reservoir.heads.state.SharedPartReader;
import dev.reservoir.heads.state.SharedPartWriter;
import dev.reservoir.state.v1.Covariance;
import dev.reservoir.state.v1.CovarianceRows;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A head's position in its family's inverse covariances. Not thread-safe, but any number of readers may move at once,
 * and {@link #close} may be called by any thread, any number of times.
 *
 * <p>{@link #enter} makes sure that the block has space for a row and {@link #step} advances past the row; then
 * {@link #gain}, {@link #at}, {@link #root}, {@link #largest} and {@link #frame} refer to that row.
 */
final class CovarianceReader implements AutoCloseable {
    private final SharedCovariances covariances;
    private final SharedCovariances.Key key;
    private final Settings settings;
    private @Nullable CovarianceBlock block;
    private CovarianceBlock.Gains gains = CovarianceBlock.Gains.NONE;
    /** The coordinates of the weights. */
    private @Nullable Frame frame;
    /** Whether the weights have been moved to the frame of {@link #block}. */
    private boolean entered = true;
    /** Rows of {@link #block} that this head has learned. */
    private int position;

    CovarianceReader(SharedCovariances covariances, SharedCovariances.Key key) {
        this.covariances = covariances;
        this.key = key;
        this.settings = Settings.of(key.width(), key.firstClientColumn(), key.ridge(), key.forgetting());
        covariances.join(this);
    }

    SharedCovariances.Key key() {
        return key;
    }

    Settings settings() {
        return settings;
    }

    Digest digest(Row row) {
        return covariances.digester().row(row.values(), row.from(), settings.features());
    }

    /**
     * Moves on to the next block if this one is full.
     *
     * @return how the weights must follow: {@link InverseCovariance#shift}; null for not at all
     */
    double @Nullable [] enter() {
        CovarianceBlock here = block;
        if (here == null) {
            return null;
        }
        if (position == settings.block()) {
            here = covariances.advance(this, here);
            block = here;
            gains = CovarianceBlock.Gains.NONE;
            position = 0;
            entered = false;
        }
        if (entered) {
            return null;
        }
        double[] shift = here.base.shift();
        frame = here.base.frame();
        entered = true;
        return shift;
    }

    /**
     * Moves past {@code rows.get(index)}. If no reader has been here before, as many of the following rows as fit are
     * computed with it.
     *
     * @throws NotFinite if the row leads to a number that is not finite; then nothing has moved
     */
    void step(List<Row> rows, List<Digest> digests, int index) {
        Digest digest = digests.get(index);
        CovarianceBlock here = block != null ? block : covariances.begin(this);
        block = here;
        while (!here.has(position, digest)) {
            if (position < here.count()) {
                here = covariances.fork(this, here, position, digest);
                block = here;
                gains = CovarianceBlock.Gains.NONE;
            } else {
                here.append(position, rows, digests, index);
            }
        }
        if (position < gains.from() || position >= gains.to()) {
            gains = here.gains(position);
        }
        frame = here.frame(position);
        position++;
    }

    /**
     * Adds the stored form of its position, which must have been entered.
     *
     * @return the id; empty before the first row
     */
    String save(SharedPartWriter parts) {
        CovarianceBlock here = block;
        if (here == null || (position == 0 && !here.base.holdsMatrix())) {
            return "";
        }
        if (!entered || position == settings.block()) {
            throw new IllegalStateException("a block has yet to be entered");
        }
        return here.save(parts, position, covariances.digester().keyCheck());
    }

    /**
     * Goes to a stored position. If this fails, the reader is still to be closed.
     *
     * @param id of {@link #save}, not empty
     * @throws UnusableState DAMAGED, MISSING_PART, UNKNOWN_VERSION or OTHER_DIGEST_KEY
     */
    void restore(String id, SharedPartReader parts) {
        CovarianceRows state = parts.open("rows", id, CovarianceRows.parser());
        if (state.getKeyCheck() != covariances.digester().keyCheck()) {
            throw new UnusableState(
                    Problem.OTHER_DIGEST_KEY, "rows: digests of another key (expected: this server's digest key)");
        }
        StoredRows stored = StoredRows.of(state, settings);
        CovarianceBlock here =
                covariances.enter(this, stored, () -> parts.open("covariance", stored.base(), Covariance.parser()));
        block = here;
        for (int n = 0; n < stored.count(); n++) {
            Digest digest = stored.digests()[n];
            while (!here.has(n, digest)) {
                if (n < here.count()) {
                    here = covariances.fork(this, here, n, digest);
                    block = here;
                } else {
                    here.adopt(n, stored);
                }
            }
        }
        position = stored.count();
        frame = position > 0 ? here.frame(position - 1) : here.base.frame();
    }

    /** Releases what can be computed again when the next row arrives. */
    void trim() {
        gains = CovarianceBlock.Gains.NONE;
        if (block != null) {
            covariances.trim(block);
        }
    }

    /** Contains, from {@link #at} on, the gain of the row last stepped past, times {@link #root}. */
    double[] gain() {
        return gains.g();
    }

    int at() {
        return (position - 1 - gains.from()) * settings.width();
    }

    double root() {
        return current().root(position - 1);
    }

    /** Largest magnitude in {@link #gain}. */
    double largest() {
        return current().largest(position - 1);
    }

    /** The coordinates of the weights now; null before the first row. */
    @Nullable
    Frame frame() {
        return frame;
    }

    /** {@code P} as it was when this block began, for tests. */
    double[] base() {
        return current().base.toArray();
    }

    private CovarianceBlock current() {
        if (block == null) {
            throw new IllegalStateException("no row was entered");
        }
        return block;
    }

    long bytes() {
        return block == null ? 0 : block.bytes();
    }

    @Override
    public void close() {
        covariances.leave(this);
    }
}
