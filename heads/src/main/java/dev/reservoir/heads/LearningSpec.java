package dev.reservoir.heads;

import static dev.reservoir.heads.Refused.check;
import static dev.reservoir.heads.Refused.checkRange;

/** How a readout learns. {@code metricWindow} is the number of examples windowed metrics are taken over. */
public sealed interface LearningSpec {
    int metricWindow();

    /**
     * Exact ridge regression in one pass.
     *
     * @param ridge weight of the penalty on the squared weights
     * @param forgetting factor by which an example's weight falls with each later one
     */
    record RecursiveLeastSquares(double ridge, double forgetting, int metricWindow) implements LearningSpec {
        public RecursiveLeastSquares {
            checkRange("learning.least_squares.ridge", ridge, 1e-6, 1e6);
            check(
                    forgetting > 0.5 && forgetting <= 1,
                    "learning.least_squares.forgetting",
                    forgetting,
                    "greater than 0.5, at most 1");
            checkWindow(metricWindow);
        }
    }

    /** Adam on the softmax, logistic or squared loss; one step each {@code minibatch} examples. */
    record Gradient(double learningRate, double weightDecay, int minibatch, int metricWindow) implements LearningSpec {
        public Gradient {
            checkRange("learning.gradient.learning_rate", learningRate, 1e-6, 10);
            checkRange("learning.gradient.weight_decay", weightDecay, 0, 1);
            checkRange("learning.gradient.minibatch", minibatch, 1, 1_024);
            checkWindow(metricWindow);
        }
    }

    private static void checkWindow(int metricWindow) {
        checkRange("learning.metric_window", metricWindow, 1, 65_536);
    }
}
