package dev.reservoir.heads.train;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.SubstrateLearner.Portion;
import dev.reservoir.heads.SubstrateLearner.Update;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.math.Losses;
import dev.reservoir.heads.math.Vectors;
import dev.reservoir.heads.task.PrequentialMetrics;
import dev.reservoir.heads.task.Truth;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One step of one head: the mean loss over the rows of a minibatch, its gradient, the step. */
final class FptUpdate implements Update {
    /** Most tokens of a portion of several examples: what a pass keeps for the way back is some 100 KB a token. */
    private static final int PORTION_TOKENS = 2_048;

    private final FptLearner learner;
    private final boolean first;
    private final FptParameters inside;
    private final List<Portion> portions = new ArrayList<>();
    private final List<PrequentialMetrics.Tally> tallies = new ArrayList<>();
    private final int rows;
    private TrainableParameters.Gradient gradient;
    private @Nullable String failure;

    /** @param first whether the examples are fresh and their predictions count */
    FptUpdate(FptLearner learner, List<Example> minibatch, boolean first) {
        this.learner = learner;
        this.first = first;
        this.inside = learner.parameters().inside();
        this.gradient = learner.parameters().gradient();
        this.rows =
                minibatch.stream().mapToInt(example -> example.truths().size()).sum();
        int from = 0;
        while (from < minibatch.size()) {
            int to = from;
            int tokens = 0;
            while (to < minibatch.size()
                    && (to == from || tokens + minibatch.get(to).tokens() <= PORTION_TOKENS)) {
                tokens += minibatch.get(to).tokens();
                to++;
            }
            portions.add(new Some(minibatch.subList(from, to), tokens));
            from = to;
        }
    }

    /** For tests. */
    TrainableParameters.Gradient gradient() {
        return gradient;
    }

    @Override
    public List<Portion> portions() {
        return portions;
    }

    @Override
    public TunableSubstrate.NormRow norms() {
        return inside.norms();
    }

    @Override
    public void restart() {
        gradient = learner.parameters().gradient();
        tallies.clear();
        failure = null;
    }

    @Override
    public void finish() {
        tallies.forEach(learner::scored);
        if (failure == null && rows > 0 && !learner.parameters().step(gradient, learner.learning())) {
            failure = "the gradient is not finite or too steep";
        }
        if (failure == null) {
            learner.updated(first);
        } else {
            learner.abort(first, failure);
        }
    }

    @Override
    public void abandon() {
        learner.abort(first, null);
    }

    private final class Some implements Portion {
        private final List<Example> examples;
        private final int tokens;

        Some(List<Example> examples, int tokens) {
            this.examples = examples;
            this.tokens = tokens;
        }

        @Override
        public int size() {
            return examples.size();
        }

        @Override
        public List<SubstrateInput> sequences() {
            List<SubstrateInput> sequences = new ArrayList<>(examples.size());
            for (Example example : examples) {
                sequences.add(inside.embed(
                        example.rows(), learner.substrate(), learner.pooling().width()));
            }
            return sequences;
        }

        @Override
        public int tokens() {
            return tokens;
        }

        @Override
        public boolean inside() {
            return learner.parameters().insideLearns();
        }

        @Override
        public void scoreAndLoss(HiddenStates hidden, int firstSequence, float[] byHidden) {
            for (int i = 0; i < examples.size() && failure == null; i++) {
                scoreAndLoss(examples.get(i), hidden, firstSequence + i, byHidden);
            }
        }

        private void scoreAndLoss(Example example, HiddenStates hidden, int sequence, float[] byHidden) {
            TokenPooling pooling = learner.pooling();
            TrainableParameters parameters = learner.parameters();
            int width = pooling.featureWidth();
            int outputs = parameters.outputs();
            float[] features = pooling.pool(hidden, sequence);
            float[] byFeatures = new float[features.length];
            float[] scores = new float[outputs];
            float[] truth = new float[outputs];
            float[] slope = new float[outputs];
            PrequentialMetrics.Tally tally = new PrequentialMetrics.Tally();
            for (Truth row : example.truths()) {
                int at = row.row() * width;
                for (int c = 0; c < outputs; c++) {
                    float[] weights = parameters.readout(c);
                    scores[c] = Vectors.dot(weights, 0, features, at, width) + weights[width];
                }
                Arrays.fill(truth, 0);
                row.fill(truth);
                double value = Losses.gradient(learner.loss(), scores, truth, slope, outputs);
                if (!(Math.abs(value) < Double.POSITIVE_INFINITY)) {
                    failure = "the loss is not finite: " + value;
                    return;
                }
                tally.score(learner.task(), row, scores, truth, value, learner.loss());
                smooth(truth, slope);
                for (int c = 0; c < outputs; c++) {
                    float share = slope[c] / rows;
                    float[] byRow = gradient.readout()[c];
                    Vectors.add(share, features, at, byRow, 0, width);
                    byRow[width] += share;
                    Vectors.add(share, parameters.readout(c), 0, byFeatures, at, width);
                }
                if (first && row.last()) {
                    tallies.add(tally);
                }
            }
            if (inside()) {
                pooling.back(byFeatures, hidden.tokens(sequence), byHidden, hidden.start(sequence));
            }
        }

        /** Moves the slope of a softmax to a truth of which a share is spread over all labels. */
        private void smooth(float[] truth, float[] slope) {
            LearningSpec.Fpt learning = learner.learning();
            if (learning.labelSmoothing() == 0 || learner.loss() != Loss.SOFTMAX) {
                return;
            }
            float share = (float) learning.labelSmoothing();
            for (int c = 0; c < slope.length; c++) {
                slope[c] += share * (truth[c] - 1f / slope.length);
            }
        }

        @Override
        public void accumulateGradient(TunableSubstrate.Gradients gradients, int slot, int firstRow) {
            int width = learner.pooling().width();
            int norms = gradient.gains().length;
            Vectors.add(1, gradients.gains(), slot * norms, gradient.gains(), 0, norms);
            Vectors.add(1, gradients.biases(), slot * norms, gradient.biases(), 0, norms);
            int row = firstRow;
            for (Example example : examples) {
                if (gradient.positions().length > 0) {
                    Vectors.add(
                            1, gradients.embeddings(), row * width, gradient.positions(), 0, example.tokens() * width);
                }
                if (gradient.input().length > 0) {
                    byInput(example, gradients.embeddings(), row, width);
                }
                row += example.tokens();
            }
        }

        private void byInput(Example example, float[] byRows, int firstRow, int width) {
            int index = 0;
            for (int t = 0; t < example.tokens(); t++) {
                int at = (firstRow + t) * width;
                Vectors.add(1, byRows, at, gradient.inputBias(), 0, width);
                for (int k = 0; k < example.rows().valuesPerRow(); k++, index++) {
                    float value = example.rows().values()[index];
                    if (value != 0) {
                        int column = example.rows().column(t, index);
                        Vectors.add(value, byRows, at, gradient.input(), column * width, width);
                    }
                }
            }
        }
    }
}
