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
    private Scaling scaling;
    private boolean shared;
    private long seen;
    private double average;

    Standardizer(int features) {
        this.features = features;
        this.mean = new double[features];
        this.squares = new double[features];
        this.scaling = new Scaling(new float[features], new float[features], LIMIT);
        java.util.Arrays.fill(scaling.factor(), 1);
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
        if (shared) {
            scaling = new Scaling(new float[features], new float[features], LIMIT);
            shared = false;
        }
        float[] shift = scaling.shift();
        float[] factor = scaling.factor();
        for (int i = 0; i < features; i++) {
            double variance = (squares[i] + PRIOR * average) / (seen + PRIOR);
            shift[i] = (float) mean[i];
            factor[i] = variance > 1e-24 ? (float) (1 / Math.sqrt(variance)) : 1;
        }
    }

    /** Writes the row, standardised by the rows before it. */
    void apply(float[] values, int from, float[] out) {
        scaling.apply(values, from, out);
    }

    /** What standardises rows now, never changed by those to come. */
    Scaling share() {
        shared = true;
        return scaling;
    }

    long bytes() {
        return features * 24L;
    }
}
