package dev.reservoir.heads.train;

/** Loops over floats in a fixed order, so that equal numbers give equal bits. */
final class Vectors {
    private Vectors() {}

    /** {@code target += factor * source} over {@code count} numbers. */
    static void add(float factor, float[] source, int from, float[] target, int at, int count) {
        for (int i = 0; i < count; i++) {
            target[at + i] += factor * source[from + i];
        }
    }

    /** Sum of products of {@code count} numbers, in four sums side by side. */
    static float dot(float[] a, int from, float[] b, int at, int count) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = 0;
        for (; i + 3 < count; i += 4) {
            s0 += a[from + i] * b[at + i];
            s1 += a[from + i + 1] * b[at + i + 1];
            s2 += a[from + i + 2] * b[at + i + 2];
            s3 += a[from + i + 3] * b[at + i + 3];
        }
        for (; i < count; i++) {
            s0 += a[from + i] * b[at + i];
        }
        return (s0 + s1) + (s2 + s3);
    }

    static double squares(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return sum;
    }
}
