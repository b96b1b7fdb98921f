package dev.reservoir.server.schedule;

/**
 * How batches are cut.
 *
 * @param batchTokens most tokens in a batch; one larger item makes a batch of its own
 * @param batchItems most items in a serving batch
 * @param delayNanos how long the oldest serving item may wait for others to join it; 0 takes what is there, but for the moment that
 *     {@link Scheduler} lingers
 * @param trainingShare share of tokens that training keeps while both wait, 0 to 1
 * @param sliceItems most examples of one head in a training batch
 * @param trainingLanes most training batches that run at once while serving goes on and is not light
 * @param lightServing lanes' worth of time below which serving is light: then the other lanes train too, one short step after another
 * @param stepNanos how long a training batch should take
 * @param servingRecentNanos how long after its last item serving counts as going on
 * @param maxQueued most serving items that wait in all
 * @param maxQueuedPerTenant most serving items of one tenant that wait
 */
public record BatchPolicy(
        int batchTokens,
        int batchItems,
        long delayNanos,
        double trainingShare,
        int sliceItems,
        int trainingLanes,
        double lightServing,
        long stepNanos,
        long servingRecentNanos,
        int maxQueued,
        int maxQueuedPerTenant) {
    public BatchPolicy {
        checkPositive("batchTokens", batchTokens);
        checkPositive("batchItems", batchItems);
        checkPositive("sliceItems", sliceItems);
        checkPositive("trainingLanes", trainingLanes);
        checkPositive("maxQueued", maxQueued);
        checkPositive("maxQueuedPerTenant", maxQueuedPerTenant);
        checkPositive("stepNanos", stepNanos);
        if (!(lightServing >= 0)) {
            throw new IllegalArgumentException("lightServing: " + lightServing + " (expected: >= 0)");
        }
        if (delayNanos < 0 || !(trainingShare >= 0 && trainingShare <= 1)) {
            throw new IllegalArgumentException("delayNanos: " + delayNanos + ", trainingShare: " + trainingShare
                    + " (expected: >= 0, and 0 to 1)");
        }
    }

    /** What a server of so many lanes runs with unless it is told otherwise: one lane free of training, where there are several, unless serving is light. */
    public static BatchPolicy usual(int lanes) {
        return new BatchPolicy(
                2_048, 256, 0, 0.3, 32, Math.max(1, lanes - 1), 0.4, 100_000_000, 1_000_000_000, 16_384, 8_192);
    }

    private static void checkPositive(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: >= 1)");
        }
    }
}
