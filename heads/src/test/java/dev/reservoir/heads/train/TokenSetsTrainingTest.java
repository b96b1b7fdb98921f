// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Target.TokenSet;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.math.Vectors;
import dev.reservoir.heads.task.Truth;
import dev.reservoir.heads.train.Specs.Example;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** FPT heads that answer a set of labels per token. */
class TokenSetsTrainingTest {
    private static final int D = LinearSubstrate.D;
    private static final int WIDTH = 3;
    private static final List<String> LABELS = List.of("u", "v", "w");

    private final LinearSubstrate substrate = new LinearSubstrate();

    private static HeadSpec spec(int minibatch) {
        return Specs.spec(
                "a",
                new ModalitySpec.Tensor(WIDTH, 5),
                new Task.TokenMultiLabel(LABELS, 3),
                Pooling.PER_TOKEN,
                Specs.learning(Specs.ALL, minibatch),
                1);
    }

    /**
     * Label {@code c} is true for a token if its number {@code c} is above the mean over all tokens; a third are
     * unlabelled.
     */
    private static List<Example> examples(int count, long seed) {
        Random random = new Random(seed);
        List<Example> examples = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            int tokens = 1 + random.nextInt(5);
            float[] values = new float[tokens * WIDTH];
            double[] mean = new double[WIDTH];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
                mean[i % WIDTH] += values[i] / tokens;
            }
            List<TokenSet> sets = new ArrayList<>();
            for (int t = 0; t < tokens; t++) {
                int from = t * WIDTH;
                boolean unknown = random.nextInt(3) == 0;
                sets.add(new TokenSet(
                        unknown,
                        IntStream.range(0, unknown ? 0 : 3)
                                .filter(c -> values[from + c] >= 0.2 * mean[c])
                                .toArray()));
            }
            examples.add(new Example(new Observation.Tensor(values, WIDTH), new Target.TokenLabelSets(LABELS, sets)));
        }
        return examples;
    }

    private static TokenSet set(Example example, int token) {
        return ((Target.TokenLabelSets) example.target()).tokens().get(token);
    }

    private static int tokens(Example example) {
        return ((Target.TokenLabelSets) example.target()).tokens().size();
    }

    private static boolean holds(TokenSet set, int label) {
        return Arrays.stream(set.indices()).anyMatch(index -> index == label);
    }

    /** A naive computation of everything that learns, in double. */
    private final class Oracle {
        final double[][] parts;
        final double[][] readout;

        Oracle(TrainableParameters parameters) {
            FptParameters inner = parameters.inner();
            parts = new double[][] {
                wide(inner.input()),
                wide(inner.inputBias()),
                wide(inner.positions()),
                wide(inner.norms().gains()),
                wide(inner.norms().biases())
            };
            readout = Arrays.stream(parameters.readout()).map(this::wide).toArray(double[][]::new);
        }

        private double[] wide(float[] values) {
            double[] wide = new double[values.length];
            for (int i = 0; i < wide.length; i++) {
                wide[i] = values[i];
            }
            return wide;
        }

        double[] part(int part) {
            return part < parts.length ? parts[part] : readout[part - parts.length];
        }

        /** Mean binary cross entropy over known tokens and labels. */
        double loss(List<Example> examples) {
            double sum = 0;
            int count = 0;
            for (Example example : examples) {
                int tokens = tokens(example);
                float[] values = ((Observation.Tensor) example.observation()).values();
                double[][] rows = new double[tokens][D];
                double[] mean = new double[D];
                for (int t = 0; t < tokens; t++) {
                    for (int d = 0; d < D; d++) {
                        rows[t][d] = parts[1][d] + parts[2][t * D + d];
                        for (int i = 0; i < WIDTH; i++) {
                            rows[t][d] += values[t * WIDTH + i] * parts[0][i * D + d];
                        }
                        mean[d] += rows[t][d] / tokens;
                    }
                }
                for (int t = 0; t < tokens; t++) {
                    if (set(example, t).unknown()) {
                        continue;
                    }
                    double[] hidden = new double[D];
                    for (int d = 0; d < D; d++) {
                        double mixed = mean[d];
                        for (int in = 0; in < D; in++) {
                            mixed += rows[t][in] * substrate.mixing(in, d);
                        }
                        hidden[d] = parts[3][d] * mixed + parts[4][d];
                    }
                    for (int c = 0; c < 3; c++) {
                        double score = readout[c][D];
                        for (int d = 0; d < D; d++) {
                            score += readout[c][d] * hidden[d];
                        }
                        double chance = 1 / (1 + Math.exp(-score));
                        sum -= Math.log(holds(set(example, t), c) ? chance : 1 - chance);
                        count++;
                    }
                }
            }
            return sum / count;
        }
    }

    @Test
    void theGradientEqualsFiniteDifferencesInDouble() {
        FptLearner learner = Specs.learner(substrate, spec(6));
        // Away from zero readouts, through which no gradient reaches the inner parts.
        Specs.learnAlone(substrate, learner, examples(60, 2));
        List<Example> examples = examples(6, 3);
        TrainableParameters.Gradient gradient = gradient(learner, examples);
        float[][] gradients = {
            gradient.input(),
            gradient.inputBias(),
            gradient.positions(),
            gradient.gains(),
            gradient.biases(),
            gradient.readout()[0],
            gradient.readout()[1],
            gradient.readout()[2]
        };
        Oracle oracle = new Oracle(learner.parameters());
        for (int part = 0; part < gradients.length; part++) {
            assertThat(Math.sqrt(Vectors.squares(gradients[part]))).isGreaterThan(1e-4);
            double[] values = oracle.part(part);
            assertThat(values).hasSameSizeAs(gradients[part]);
            for (int at = 0; at < values.length; at++) {
                double kept = values[at];
                values[at] = kept + 1e-5;
                double up = oracle.loss(examples);
                values[at] = kept - 1e-5;
                double down = oracle.loss(examples);
                values[at] = kept;
                assertThat((up - down) / 2e-5)
                        .as("part %d [%d]", part, at)
                        .isCloseTo(gradients[part][at], within(1e-6));
            }
        }
    }

    private TrainableParameters.Gradient gradient(FptLearner learner, List<Example> examples) {
        List<MinibatchExample> read = new ArrayList<>();
        for (Example example : examples) {
            List<Truth> truths = new ArrayList<>();
            for (int t = 0; t < tokens(example); t++) {
                if (!set(example, t).unknown()) {
                    truths.add(new Truth(
                            t, t == tokens(example) - 1, 3, 3, set(example, t).indices(), null, null));
                }
            }
            read.add(new MinibatchExample(1, example.admitted().rows(), truths));
        }
        return Specs.gradient(substrate, learner, read);
    }

    @Test
    void theScoreCountsEveryLabelOfEveryKnownTokenBeforeItIsLearned() {
        FptLearner learner = Specs.learner(substrate, spec(1));
        long right = 0;
        long judged = 0;
        long tokens = 0;
        for (Example example : examples(400, 4)) {
            Prediction.TokenLabelSets answer = predict(learner, example.observation());
            for (int t = 0; t < tokens(example); t++) {
                TokenSet truth = set(example, t);
                if (!truth.unknown()) {
                    tokens++;
                    int[] said = answer.tokens().get(t).indices();
                    for (int c = 0; c < 3; c++) {
                        int label = c;
                        right += Arrays.stream(said).anyMatch(index -> index == label) == holds(truth, c) ? 1 : 0;
                        judged++;
                    }
                }
            }
            Specs.learnAlone(substrate, learner, List.of(example));
        }
        assertThat(learner.metrics().total().count()).isEqualTo(tokens);
        assertThat(learner.metrics().total().accuracy()).isEqualTo((double) right / judged);
        assertThat(learner.metrics().windowed().accuracy()).isGreaterThan(0.85);
    }

    private Prediction.TokenLabelSets predict(FptLearner learner, Observation observation) {
        return (Prediction.TokenLabelSets) Specs.predict(substrate, learner.snapshot(), observation, 0);
    }

    @Test
    void labelsBecomeKnownWithTheirMinibatch() {
        HeadSpec open = Specs.spec(
                "a",
                new ModalitySpec.Tensor(WIDTH, 5),
                new Task.TokenMultiLabel(List.of(), 2),
                Pooling.PER_TOKEN,
                Specs.learning(Specs.ALL, 2),
                1);
        FptLearner learner = Specs.learner(substrate, open);
        Observation two = new Observation.Tensor(new float[2 * WIDTH], WIDTH);
        TokenSet none = new TokenSet(false, new int[0]);
        TokenSet first = new TokenSet(false, new int[] {0});
        Specs.learnAlone(
                substrate,
                learner,
                List.of(
                        new Example(two, new Target.TokenLabelSets(List.of("x"), List.of(none, first))),
                        new Example(two, new Target.TokenLabelSets(List.of("y"), List.of(first, first)))));
        assertThat(learner.snapshot().labels()).containsExactly("x", "y");
        assertThat(learner.trainableParameters()).isEqualTo(2L * (D + 1) + WIDTH * D + D + 5 * D + 2 * D);
        Refused third = learner.accept(
                1, Specs.admitted(two), new Target.TokenLabelSets(List.of("z"), List.of(none, first)), null);
        assertThat(third).isNotNull().hasMessage("labels: \"z\" (expected: at most 2 labels)");
        assertThat(learner.metrics().refused()).isEqualTo(1);
    }
}
