package dev.reservoir.heads;

/**
 * Upper bounds of the bytes that a head's readout comes to take once it has learned every label that it may know, with
 * the snapshot that is served beside it. They follow from the specification, so they can be judged before anything is
 * allocated.
 *
 * @param heapBytes weights and what the learning rule stores for each of them
 * @param nativeBytes the inverse covariance of least squares, which heads of equal histories share
 */
public record HeadFootprint(long heapBytes, long nativeBytes) {
    /** Arrays as large as the weights: those learned and those served. */
    private static final int WEIGHTS = 2;
    /** Beside them: Adam's two moments, and the gradient of a minibatch. */
    private static final int ADAM = 3;

    /** @param featureWidth numbers in a row of the features that the readout reads */
    public static HeadFootprint of(Task task, LearningSpec learning, int featureWidth) {
        long weights = Float.BYTES * (long) task.maxOutputs() * (featureWidth + 1L);
        if (learning instanceof LearningSpec.RecursiveLeastSquares) {
            return new HeadFootprint(WEIGHTS * weights, Float.BYTES * (long) featureWidth * featureWidth);
        }
        return new HeadFootprint((WEIGHTS + ADAM) * weights, 0);
    }
}
