// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.math.Losses;
import dev.reservoir.heads.task.Truth;
import dev.reservoir.heads.train.Specs.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The gradient of a head that learns through the substrate is that of finite differences, compared relative to the
 * largest of each part.
 */
class FptGradientTest {
    private static final float STEP = 1e-2f;

    private final LinearSubstrate substrate = new LinearSubstrate();

    @ParameterizedTest
    @EnumSource(
            value = Pooling.class,
            names = {"MEAN", "LAST", "FIRST", "CONCATENATE"})
    void theGradientEqualsFiniteDifferences(Pooling pooling) {
        List<Example> examples = Specs.labelled(6, 1);
        HeadSpec spec = Specs.classifier("a", pooling, Specs.learning(Specs.ALL, 6));
        FptLearner learner = Specs.learner(substrate, spec);
        // Away from zero readouts, through which no gradient reaches the inner parts.
        Specs.learnAlone(substrate, learner, Specs.labelled(60, 2));
        TrainableParameters.Gradient gradient = gradient(learner, examples);
        TrainableParameters parameters = learner.parameters();
        FptParameters inner = parameters.inner();
        float[][] readout = parameters.readout();
        Random random = new Random(3);
        float[][] values = {
            inner.input(),
            inner.inputBias(),
            inner.positions(),
            inner.norms().gains(),
            inner.norms().biases(),
            readout[0],
            readout[2]
        };
        float[][] gradients = {
            gradient.input(),
            gradient.inputBias(),
            gradient.positions(),
            gradient.gains(),
            gradient.biases(),
            gradient.readout()[0],
            gradient.readout()[2]
        };
        for (int part = 0; part < values.length; part++) {
            float largest = 0;
            for (float by : gradients[part]) {
                largest = Math.max(largest, Math.abs(by));
            }
            assertThat(largest).as("part %d", part).isGreaterThan(1e-3f);
            for (int probe = 0; probe < 12; probe++) {
                int at = random.nextInt(values[part].length);
                float kept = values[part][at];
                values[part][at] = kept + STEP;
                double up = loss(learner, inner, readout, examples);
                values[part][at] = kept - STEP;
                double down = loss(learner, inner, readout, examples);
                values[part][at] = kept;
                assertThat((up - down) / (2 * STEP))
                        .as("part %d [%d], the largest is %s", part, at, largest)
                        .isCloseTo(gradients[part][at], within(0.02 * largest));
            }
        }
    }

    private TrainableParameters.Gradient gradient(FptLearner learner, List<Example> examples) {
        List<MinibatchExample> read = new ArrayList<>();
        for (Example example : examples) {
            var rows = example.admitted().rows();
            Target.Label label = (Target.Label) example.target();
            int index = learner.snapshot().labels().indexOf(label.label());
            read.add(new MinibatchExample(1, rows, List.of(new Truth(0, true, 3, 3, new int[] {index}, null, null))));
        }
        return Specs.gradient(substrate, learner, read);
    }

    /** A naive mean cross entropy. */
    private double loss(FptLearner learner, FptParameters inner, float[][] readout, List<Example> examples) {
        double sum = 0;
        for (Example example : examples) {
            var rows = example.admitted().rows();
            HiddenStates hidden = substrate.forward(
                    List.of(inner.embed(rows, substrate, LinearSubstrate.D)),
                    NormBank.of(List.of(inner.norms())),
                    new int[1]);
            float[] features = learner.model().pooling().pool(hidden, 0);
            float[] scores = new float[readout.length];
            for (int c = 0; c < scores.length; c++) {
                for (int i = 0; i < features.length; i++) {
                    scores[c] += readout[c][i] * features[i];
                }
                scores[c] += readout[c][features.length];
            }
            float[] truth = new float[scores.length];
            truth[learner.snapshot().labels().indexOf(((Target.Label) example.target()).label())] = 1;
            sum += Losses.gradient(Loss.SOFTMAX, scores, truth, new float[scores.length], scores.length);
        }
        return sum / examples.size();
    }
}
