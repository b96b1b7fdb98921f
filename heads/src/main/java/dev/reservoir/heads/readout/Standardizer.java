package dev.reservoir.heads.readout;

/**
 * Running mean and deviation of each feature (Welford 1962, DOI 10.1080/00401706.1962.10490022), a function of the rows seen, in order. A
 * standardised number is cut to [-8, 8], so that a feature that moves for the first time does not throw the weights.
 */
final class Standardizer {
    private static final float LIMIT = 8;
    /** Rows of the average deviation that each feature's own is mixed with, so that the first few rows do not look alike. */
    private static final double PRIOR = 4;

    private final int features;
    private final double[] mean;
    private final double[] squares;
    private final float[] shift;
    private final float[] factor;
    private long seen;
    private double average;

    Standardizer(int features) {
        this.features = features;
        this.mean = new double[features];
        this.squares = new double[features];
        this.shift = new float[features];
        this.factor = new float[features];
        java.util.Arrays.fill(factor, 1);
    }

    void see(float[] values, int from) {
        seen++;
        double sum = 0;
        for (int i = 0; i < features; i++) {
            double value = values[from + i];
            double difference = value - mean[i];
            mean[i] += difference / seen;
            squares[i] += difference * (value - mean[i]);
            sum += squares[i];
        }
        average = sum / seen / features;
        for (int i = 0; i < features; i++) {
            double variance = (squares[i] + PRIOR * average) / (seen + PRIOR);
            shift[i] = (float) mean[i];
            factor[i] = variance > 1e-24 ? (float) (1 / Math.sqrt(variance)) : 1;
        }
    }

    /** Writes the row, standardised by the rows before it. */
    void apply(float[] values, int from, float[] out) {
        for (int i = 0; i < features; i++) {
            float value = (values[from + i] - shift[i]) * factor[i];
            out[i] = Math.max(-LIMIT, Math.min(LIMIT, value));
        }
    }

    /** Weights that answer raw features as {@code weights} answer standardised ones, but for the cut. */
    Weights fold(Weights weights) {
        float[][] rows = new float[weights.outputs()][];
        for (int c = 0; c < rows.length; c++) {
            float[] from = weights.rows()[c];
            float[] to = new float[features + 1];
            double bias = from[features];
            for (int i = 0; i < features; i++) {
                to[i] = from[i] * factor[i];
                bias -= (double) to[i] * shift[i];
            }
            to[features] = (float) bias;
            rows[c] = to;
        }
        return new Weights(rows, rows.length, features);
    }

    long bytes() {
        return features * 24L;
    }
}
