package dev.reservoir.heads.readout;

import dev.reservoir.heads.HeadMetrics;
import java.util.Arrays;

/**
 * Sums over all examples and over the last {@code window}. The window is kept without ever subtracting, so that one huge error leaves no
 * trace behind: one lap's entries are turned into sums from each place to the lap's end when the lap is full, and the next lap writes over
 * them as they are no longer needed. Constant time an example.
 */
final class PrequentialMetrics {
    private static final int FIELDS = 4;
    private static final int FIRST_ENTRIES = 16;

    /** What one example adds. Fields: count, judged; then right, loss (labels) or absolute, squared (values). */
    static final class Tally {
        private final double[] fields = new double[FIELDS];

        void clear() {
            Arrays.fill(fields, 0);
        }

        /** One example or labelled token of which {@code right} of {@code judged} labels were right. */
        void labels(double right, double judged, double loss) {
            fields[0]++;
            fields[1] += judged;
            fields[2] += right;
            fields[3] += loss;
        }

        /** One example of {@code numbers} numbers. */
        void values(double absolute, double squared, int numbers) {
            fields[0]++;
            fields[1] += numbers;
            fields[2] += absolute;
            fields[3] += squared;
        }
    }

    private final int window;
    private final boolean labels;
    private final double[] total = new double[FIELDS];
    private final double[] lap = new double[FIELDS];
    /** {@code [window, FIELDS]}: this lap's entries before {@code place}, sums to the end of the lap before from there on. */
    private double[] ring = new double[FIRST_ENTRIES * FIELDS];

    private int place;
    private boolean wrapped;

    PrequentialMetrics(int window, boolean labels) {
        this.window = window;
        this.labels = labels;
    }

    /** The same totals with an empty window of another length. */
    PrequentialMetrics withWindow(int newWindow) {
        PrequentialMetrics metrics = new PrequentialMetrics(newWindow, labels);
        System.arraycopy(total, 0, metrics.total, 0, FIELDS);
        return metrics;
    }

    int window() {
        return window;
    }

    void add(Tally tally) {
        if ((place + 1) * FIELDS > ring.length) {
            ring = Arrays.copyOf(ring, Math.min(window, 2 * (place + 1)) * FIELDS);
        }
        for (int f = 0; f < FIELDS; f++) {
            ring[place * FIELDS + f] = tally.fields[f];
            lap[f] += tally.fields[f];
            total[f] += tally.fields[f];
        }
        place++;
        if (place == window) {
            for (int i = (window - 1) * FIELDS - 1; i >= 0; i--) {
                ring[i] += ring[i + FIELDS];
            }
            Arrays.fill(lap, 0);
            place = 0;
            wrapped = true;
        }
    }

    HeadMetrics.Score windowed() {
        double[] sum = lap.clone();
        if (wrapped) {
            for (int f = 0; f < FIELDS; f++) {
                sum[f] += ring[place * FIELDS + f];
            }
        }
        return score(sum);
    }

    HeadMetrics.Score total() {
        return score(total);
    }

    private HeadMetrics.Score score(double[] sum) {
        long count = Math.round(sum[0]);
        if (count == 0) {
            return new HeadMetrics.Score(0, 0, 0, 0, 0);
        }
        double judged = Math.max(1, sum[1]);
        return labels
                ? new HeadMetrics.Score(count, sum[2] / judged, 0, 0, sum[3] / count)
                : new HeadMetrics.Score(count, 0, sum[2] / judged, Math.sqrt(sum[3] / judged), sum[3] / judged);
    }

    long bytes() {
        return 8L * (ring.length + 2 * FIELDS);
    }
}
