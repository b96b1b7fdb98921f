// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import dev.reservoir.heads.readout.InverseCovariance.Settings;
import dev.reservoir.heads.state.Packed;
import dev.reservoir.state.v1.CovarianceRows;
import dev.reservoir.state.v1.RowFrame;

/**
 * The {@code N} rows of a {@link CovarianceBlock} that a head had learned, as they were stored, checked.
 *
 * @param base id of the block's base; empty for the one without rows
 * @param start digest of all rows before the block
 * @param digests {@code [N]}
 * @param frames {@code [N]}
 * @param u {@code [N, W]}
 * @param factor {@code [N (N + 1) / 2]}, the rows of {@code C} up to the diagonal
 * @param largest {@code [N]}
 */
record StoredRows(
        String base, Digest start, Digest[] digests, Frame[] frames, double[] u, double[] factor, double[] largest) {

    /** @throws UnusableState DAMAGED */
    static StoredRows of(CovarianceRows state, Settings settings) {
        int count = state.getCount();
        UnusableState.check(
                count >= 0 && count < settings.block(), "rows.count", count, "fewer than " + settings.block());
        double[] factor = Packed.doubles("rows.factor", state.getFactor(), triangle(count));
        double[] largest = Packed.doubles("rows.largest", state.getLargest(), count);
        for (int n = 0; n < count; n++) {
            double root = factor[triangle(n) + n];
            UnusableState.check(root > 0, "rows.factor", root + " on the diagonal", "positive numbers");
            UnusableState.check(largest[n] >= 0, "rows.largest", largest[n], "at least 0");
        }
        return new StoredRows(
                state.getBase(),
                digest("rows.start", Packed.longs("rows.start", state.getStart(), 2), 0),
                digests(Packed.longs("rows.digests", state.getDigests(), 2L * count)),
                frames(state, count, settings.features()),
                Packed.doubles("rows.products", state.getProducts(), (long) count * settings.width()),
                factor,
                largest);
    }

    /** Numbers in the first {@code n} rows of a triangle. */
    static int triangle(int n) {
        return n * (n + 1) / 2;
    }

    private static Digest[] digests(long[] numbers) {
        Digest[] digests = new Digest[numbers.length / 2];
        for (int n = 0; n < digests.length; n++) {
            digests[n] = digest("rows.digests", numbers, 2 * n);
        }
        return digests;
    }

    private static Digest digest(String field, long[] numbers, int at) {
        Digest digest = new Digest(numbers[at], numbers[at + 1]);
        UnusableState.check(
                digest.valid(), field, digest.high() + ", " + digest.low(), "a digest, two numbers below 2^61 - 1");
        return digest;
    }

    private static Frame[] frames(CovarianceRows state, int count, int features) {
        Frame[] frames = new Frame[count];
        int next = 0;
        for (int i = 0; i < state.getFramesCount(); i++) {
            RowFrame stored = state.getFrames(i);
            int first = stored.getFirstRow();
            boolean follows =
                    i == 0 ? first == 0 : first > state.getFrames(i - 1).getFirstRow();
            UnusableState.check(
                    follows && first < count, "rows.frames", "row " + first, "rising rows from 0 on, below " + count);
            Frame frame = Frame.restore(stored.getFrame(), features);
            int end = i + 1 < state.getFramesCount() ? state.getFrames(i + 1).getFirstRow() : count;
            for (next = first; next < Math.min(end, count); next++) {
                frames[next] = frame;
            }
        }
        UnusableState.check(next == count, "rows.frames", next + " rows", count + " rows");
        return frames;
    }

    int count() {
        return digests.length;
    }
}
