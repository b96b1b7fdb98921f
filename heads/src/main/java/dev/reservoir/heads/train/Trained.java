package dev.reservoir.heads.train;

/**
 * Numbers that learn by Adam (Kingma and Ba 2015, arXiv 1412.6980) with decoupled decay (Loshchilov and Hutter 2019, arXiv 1711.05101), and
 * their moments. {@link #value} is replaced by a step, never written to: a snapshot keeps it without a copy.
 */
final class Trained {
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.999f;
    private static final float EPSILON = 1e-8f;
    /** Three arrays with their headers. */
    private static final int OVERHEAD = 3 * 16;

    private final float[] first;
    private final float[] second;
    private float[] value;
    private int steps;

    /** @param value where it begins; not copied and not written to */
    Trained(float[] value) {
        this.value = value;
        this.first = new float[value.length];
        this.second = new float[value.length];
    }

    float[] value() {
        return value;
    }

    /**
     * One step down a gradient.
     *
     * @param gradient of the same length
     * @param factor what the gradient is scaled by
     * @param decay share of the first {@code decaying} numbers that a rate of 1 would take away
     */
    void step(float[] gradient, float factor, double rate, double decay, int decaying) {
        steps++;
        float scale = (float) (rate / (1 - StrictMath.pow(BETA1, steps)));
        float root = (float) (1 / StrictMath.sqrt(1 - StrictMath.pow(BETA2, steps)));
        float kept = (float) (1 - rate * decay);
        float[] next = new float[value.length];
        move(0, decaying, value, next, first, second, gradient, factor, scale, root, kept);
        move(decaying, next.length, value, next, first, second, gradient, factor, scale, root, 1);
        value = next;
    }

    private static void move(
            int from,
            int to,
            float[] old,
            float[] next,
            float[] m,
            float[] v,
            float[] gradient,
            float factor,
            float scale,
            float root,
            float kept) {
        for (int i = from; i < to; i++) {
            float g = gradient[i] * factor;
            float mean = BETA1 * m[i] + (1 - BETA1) * g;
            float square = BETA2 * v[i] + (1 - BETA2) * g * g;
            m[i] = mean;
            v[i] = square;
            next[i] = kept * old[i] - scale * mean / ((float) Math.sqrt(square) * root + EPSILON);
        }
    }

    long bytes() {
        return OVERHEAD + 12L * value.length;
    }
}
