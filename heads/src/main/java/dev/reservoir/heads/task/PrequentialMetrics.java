// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.task;

import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.state.Packed;
import dev.reservoir.state.v1.Metrics;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Sums over all examples and over the last {@code window}. The windowed sum never subtracts, so that one huge error
 * leaves no trace once it has left the window: when an epoch of {@code window} entries is full, its entries are
 * replaced by suffix sums, from each position to the end of the epoch, and the next epoch overwrites them as they are
 * no longer needed. Constant time per example.
 */
public final class PrequentialMetrics {
    private static final int FIELDS = 4;
    private static final int FIRST_ENTRIES = 16;

    /** What one example adds. Fields: count, answers; then right, loss (labels) or absolute, squared (values). */
    public static final class Tally {
        private final double[] fields = new double[FIELDS];

        public void clear() {
            Arrays.fill(fields, 0);
        }

        /**
         * Scores the head's prediction of one row before the row is learned.
         *
         * @param scores before the link, {@code [truth.outputs()]}
         * @param expected of {@link Truth#fill}
         * @param link turns scores into answers; null if scores are estimates of the truth
         */
        public void score(Task task, Truth truth, float[] scores, float[] expected, double loss, @Nullable Loss link) {
            int outputs = truth.outputs();
            int[] positives = truth.positives();
            if (task instanceof Task.ManyLabels) {
                float threshold = link == null ? 0.5f : 0;
                int right = 0;
                for (int c = 0; c < outputs; c++) {
                    // An unknown label could not have been predicted.
                    boolean answered = c < truth.known() && scores[c] >= threshold;
                    right += answered == (expected[c] == 1) ? 1 : 0;
                }
                labels(right, outputs, loss);
            } else if (task instanceof Task.Labelled) {
                boolean right = truth.known() > 0
                        && positives != null
                        && Answers.best(scores, 0, truth.known()) == positives[0];
                labels(right ? 1 : 0, 1, loss);
            } else {
                double absolute = 0;
                double squared = 0;
                float[] scale = truth.scale();
                for (int i = 0; i < outputs; i++) {
                    double error = ((double) scores[i] - expected[i]) * (scale == null ? 1 : scale[i % scale.length]);
                    absolute += Math.abs(error);
                    squared += error * error;
                }
                values(absolute, squared, outputs);
            }
        }

        /** One example or labelled token of which {@code right} of {@code answers} labels were right. */
        private void labels(double right, double answers, double loss) {
            fields[0]++;
            fields[1] += answers;
            fields[2] += right;
            fields[3] += loss;
        }

        /** One example of {@code numbers} numbers. */
        private void values(double absolute, double squared, int numbers) {
            fields[0]++;
            fields[1] += numbers;
            fields[2] += absolute;
            fields[3] += squared;
        }
    }

    private final int window;
    private final boolean labels;
    private final double[] total = new double[FIELDS];
    private final double[] epoch = new double[FIELDS];
    /**
     * {@code [window, FIELDS]}: this epoch's entries before {@code position}, the previous epoch's suffix sums from
     * there on.
     */
    private double[] ring = new double[FIRST_ENTRIES * FIELDS];

    private int position;
    private boolean wrapped;

    public PrequentialMetrics(int window, boolean labels) {
        this.window = window;
        this.labels = labels;
    }

    /**
     * Metrics that go on from stored ones.
     *
     * @throws UnusableState DAMAGED
     */
    public static PrequentialMetrics restore(int window, boolean labels, Metrics state) {
        PrequentialMetrics metrics = new PrequentialMetrics(window, labels);
        int position = state.getPosition();
        UnusableState.check(position >= 0 && position < window, "metrics.position", position, "0 to " + (window - 1));
        // Errors of finite numbers may have squares that are not.
        double[] total = Packed.anyDoubles("metrics.total", state.getTotal(), FIELDS);
        double[] epoch = Packed.anyDoubles("metrics.epoch", state.getEpoch(), FIELDS);
        int entries = state.getWrapped() ? window : position;
        double[] ring = Packed.anyDoubles("metrics.ring", state.getRing(), (long) entries * FIELDS);
        System.arraycopy(total, 0, metrics.total, 0, FIELDS);
        System.arraycopy(epoch, 0, metrics.epoch, 0, FIELDS);
        for (int i = 0; i < entries; i++) {
            metrics.reserve(i);
        }
        System.arraycopy(ring, 0, metrics.ring, 0, ring.length);
        metrics.position = position;
        metrics.wrapped = state.getWrapped();
        return metrics;
    }

    /** What {@link #restore} goes on from. */
    public Metrics state() {
        return Metrics.newBuilder()
                .setTotal(Packed.of(total))
                .setEpoch(Packed.of(epoch))
                .setRing(Packed.of(ring, (wrapped ? window : position) * FIELDS))
                .setPosition(position)
                .setWrapped(wrapped)
                .build();
    }

    /** The same totals with an empty window of another length. */
    public PrequentialMetrics withWindow(int newWindow) {
        PrequentialMetrics metrics = new PrequentialMetrics(newWindow, labels);
        System.arraycopy(total, 0, metrics.total, 0, FIELDS);
        return metrics;
    }

    public int window() {
        return window;
    }

    public void add(Tally tally) {
        reserve(position);
        for (int f = 0; f < FIELDS; f++) {
            ring[position * FIELDS + f] = tally.fields[f];
            epoch[f] += tally.fields[f];
            total[f] += tally.fields[f];
        }
        position++;
        if (position == window) {
            for (int i = (window - 1) * FIELDS - 1; i >= 0; i--) {
                ring[i] += ring[i + FIELDS];
            }
            Arrays.fill(epoch, 0);
            position = 0;
            wrapped = true;
        }
    }

    /** Makes space for the entry at {@code index}, the one behind those that there is space for at most. */
    private void reserve(int index) {
        if ((index + 1) * FIELDS > ring.length) {
            ring = Arrays.copyOf(ring, Math.min(window, 2 * (index + 1)) * FIELDS);
        }
    }

    public HeadMetrics.Score windowed() {
        double[] sum = epoch.clone();
        if (wrapped) {
            for (int f = 0; f < FIELDS; f++) {
                sum[f] += ring[position * FIELDS + f];
            }
        }
        return score(sum);
    }

    public HeadMetrics.Score total() {
        return score(total);
    }

    private HeadMetrics.Score score(double[] sum) {
        long count = Math.round(sum[0]);
        if (count == 0) {
            return new HeadMetrics.Score(0, 0, 0, 0, 0);
        }
        double answers = Math.max(1, sum[1]);
        return labels
                ? new HeadMetrics.Score(count, sum[2] / answers, 0, 0, sum[3] / count)
                : new HeadMetrics.Score(count, 0, sum[2] / answers, Math.sqrt(sum[3] / answers), sum[3] / answers);
    }

    public long bytes() {
        return 8L * (ring.length + 2 * FIELDS);
    }
}
