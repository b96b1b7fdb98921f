package dev.reservoir.heads.codec;

import static dev.reservoir.heads.codec.Fields.or;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.modality.EncoderDefaults;
import dev.reservoir.v1.Gradient;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.RecursiveLeastSquares;

/** How a head learns, to and from the wire. */
public final class LearningCodec {
    private static final int METRIC_WINDOW = 256;
    private static final double LEARNING_RATE = 1e-2;

    private LearningCodec() {}

    /**
     * The learning rule with its defaults filled in.
     *
     * @throws Refused INVALID_FIELD
     */
    public static LearningSpec decode(Learning learning, ModalitySpec modality, Task task, EncoderSpec encoder) {
        int window = or(learning.getMetricWindow(), METRIC_WINDOW);
        if (learning.hasGradient()) {
            Gradient gradient = learning.getGradient();
            return new LearningSpec.Gradient(
                    or(gradient.getLearningRate(), LEARNING_RATE),
                    gradient.getWeightDecay(),
                    or(gradient.getMinibatch(), 1),
                    window);
        }
        RecursiveLeastSquares squares = learning.getLeastSquares();
        return new LearningSpec.RecursiveLeastSquares(
                or(squares.getRidge(), EncoderDefaults.ridge(modality, task, encoder)),
                or(squares.getForgetting(), 1),
                window);
    }

    public static Learning encode(LearningSpec spec) {
        Learning.Builder learning = Learning.newBuilder().setMetricWindow(spec.metricWindow());
        if (spec instanceof LearningSpec.Gradient gradient) {
            learning.setGradient(Gradient.newBuilder()
                    .setLearningRate(gradient.learningRate())
                    .setWeightDecay(gradient.weightDecay())
                    .setMinibatch(gradient.minibatch()));
        } else if (spec instanceof LearningSpec.RecursiveLeastSquares squares) {
            learning.setLeastSquares(
                    RecursiveLeastSquares.newBuilder().setRidge(squares.ridge()).setForgetting(squares.forgetting()));
        }
        return learning.build();
    }
}
